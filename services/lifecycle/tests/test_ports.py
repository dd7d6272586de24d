"""Ports of names."""

import pytest
from hive_lifecycle.ports import PortPlan, check_free, conflicts
from hive_wire.errors import ErrorCode, Refusal
from hypothesis import given
from hypothesis import strategies as st

PLAN = PortPlan(8000, 8100, 8999)


@pytest.mark.spec("PRT-1", door="wire")
def test_a_port_is_a_stable_hash_of_the_name():
    assert PLAN.port_of("manager") == 8000
    # These figures must never change: agents would move.
    assert {name: PLAN.port_of(name) for name in ("coder", "scout")} == {"coder": 8853, "scout": 8131}


@given(st.from_regex(r"\A[a-z][a-z0-9-]{0,30}\Z"), st.integers(1, 60000), st.integers(0, 5000))
def test_every_port_is_in_the_range(name, first, size):
    if name != "manager":
        assert first <= PortPlan(8000, first, first + size).port_of(name) <= first + size


def test_conflicts_name_everybody_who_shares_a_port():
    found = conflicts({"a": 1, "b": 2, "c": 1})
    assert [(c.port, c.agents) for c in found] == [(1, ["a", "c"])]


def test_a_taken_port_is_refused():
    check_free(5, {"a": 4})
    with pytest.raises(Refusal) as refused:
        check_free(4, {"a": 4})
    assert refused.value.code is ErrorCode.PORT_TAKEN

"""Names of principals and the roles that go with them."""

import pytest
from hive_wire.names import RESERVED, SERVICES, Role, is_free_for_agents, is_name, role_of
from hypothesis import given
from hypothesis import strategies as st

FORM = r"\A[a-z][a-z0-9-]{0,30}\Z"


@given(st.from_regex(FORM))
def test_every_text_of_the_form_is_a_name(text: str) -> None:
    assert is_name(text)


@given(st.text(alphabet="abz09-.*> AÉ\n_$", max_size=33))
def test_a_name_never_holds_what_a_subject_gives_a_meaning(text: str) -> None:
    if is_name(text):
        assert 1 <= len(text) <= 31
        assert set(text) <= set("abz09-")
        assert text[0].isalpha()


@pytest.mark.parametrize(
    "text", ["", "A", "9a", "-a", "a_b", "a.b", "*", ">", "a b", "a\n", "é", "a" * 32, "scout\x00", "ａ"]
)
def test_other_texts_are_no_names(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_not_for_agents(name: str) -> None:
    assert is_name(name)
    assert not is_free_for_agents(name)


def test_every_service_is_reserved_and_core() -> None:
    for service in SERVICES:
        assert service in RESERVED
        assert role_of(service) is Role.CORE


def test_a_free_name_is_an_agents() -> None:
    assert role_of("operator") is Role.OPERATOR
    assert role_of("manager") is Role.MANAGER
    assert role_of("scout") is Role.AGENT
    assert is_free_for_agents("scout")

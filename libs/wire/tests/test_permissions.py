"""What NATS will allow follows from the verbs' roles, and from nothing else."""

import pytest
from hive_wire import subjects
from hive_wire.catalog import VERBS
from hive_wire.names import Role
from hive_wire.permissions import ME, SigningRole, permissions_for
from hive_wire.verb import AGENT_SERVICE

HARNESSES = (SigningRole.AGENT, SigningRole.MANAGER)


@pytest.mark.parametrize("role", HARNESSES)
def test_a_harness_may_call_exactly_the_verbs_of_its_role(role: SigningRole) -> None:
    allowed = {s for s in permissions_for(role).publish if s.startswith("hive.from.")}
    declared = {
        subjects.request(ME, verb) for verb in VERBS if Role(role.value) in verb.roles and verb.service != AGENT_SERVICE
    }
    assert allowed == declared
    assert declared


@pytest.mark.parametrize("role", HARNESSES)
def test_a_harness_has_no_jetstream_no_events_no_system_and_no_others_inboxes(role: SigningRole) -> None:
    permissions = permissions_for(role)
    for subject in (*permissions.publish, *permissions.subscribe):
        assert not subject.startswith(("$", ">", "*", "hive.evt", "hive.>", "_INBOX.>"))
        assert ME in subject
    assert f"_INBOX.*.agent.{ME}.>" in permissions.publish
    assert [s for s in permissions.publish if s.startswith("_INBOX")] == [f"_INBOX.*.agent.{ME}.>"]
    assert set(permissions.subscribe) == {f"_INBOX.{ME}.>", f"hive.from.*.agent.{ME}.*"}


def test_a_harness_may_call_no_other_harness() -> None:
    for role in HARNESSES:
        assert not [s for s in permissions_for(role).publish if s.startswith("hive.from.") and ".agent." in s]


def test_a_service_publishes_requests_and_events_in_its_own_name_only() -> None:
    for subject in permissions_for(SigningRole.SERVICE).publish:
        if subject.startswith("hive."):
            assert subject.split(".")[2] == ME
    assert not [s for s in permissions_for(SigningRole.SERVICE).publish if s.startswith("hive.live")]


def test_only_events_are_in_the_stream() -> None:
    assert subjects.STREAM_SUBJECTS == "hive.evt.>"


@pytest.mark.parametrize("role", SigningRole)
def test_nobody_reads_the_stream_directly_or_changes_what_is_in_it(role: SigningRole) -> None:
    dangerous = ("DIRECT.GET", "STREAM.DELETE", "STREAM.PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "$SYS")
    for subject in permissions_for(role).publish:
        assert subject not in (">", "$JS.>", "$JS.API.>", "hive.>", "hive.from.>", "hive.from.*.>")
        assert not any(word in subject for word in dangerous)


def test_the_operator_hears_everything_of_the_swarm_but_speaks_as_itself() -> None:
    permissions = permissions_for(SigningRole.OPERATOR)
    assert {"hive.>", "_INBOX.>"} <= set(permissions.subscribe)
    assert [s for s in permissions.publish if s.startswith(("hive", "_INBOX"))] == ["hive.from.operator.>"]

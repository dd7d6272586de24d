"""Whom to ask, and who is silent."""

from hive_dashboard.listening import Listening


def listening() -> Listening:
    made = Listening(ask_after=4, silent_after=12)
    made.runs([("coder", 1)], 0)
    return made


def test_a_new_run_is_asked_at_once_and_then_in_turns() -> None:
    ears = listening()
    assert ears.due(0) == ["coder"]
    assert ears.due(3) == []
    assert ears.due(4) == ["coder"]


def test_one_that_is_heard_is_left_alone() -> None:
    ears = listening()
    ears.due(0)
    ears.hear("coder", 3)
    assert ears.due(6) == []
    assert ears.due(7) == ["coder"]


def test_silence_counts_from_the_start_of_the_run_or_the_last_word() -> None:
    ears = listening()
    assert ears.silent(11.9) == set()
    assert ears.silent(12) == {"coder"}
    ears.hear("coder", 13)
    assert ears.silent(20) == set()
    ears.runs([("coder", 2)], 30)
    assert ears.silent(41) == set(), "a new run may start"


def test_what_does_not_run_is_neither_asked_nor_silent() -> None:
    ears = listening()
    ears.runs([], 1)
    assert ears.due(100) == []
    assert ears.silent(100) == set()


def test_after_a_cut_everybody_is_asked() -> None:
    ears = listening()
    ears.due(0)
    ears.ask_all()
    assert ears.due(1) == ["coder"]

"""The scripted model: decides the step that answers a request.

A script in the prompt comes before the queue, the queue before the demo's rules. Timing, errors on the socket and
records are the door's.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_demo.conversation import MessagesRequest, open_turn
from hive_demo.rules import follow_rules
from hive_demo.script import Step
from hive_demo.turns import FollowedTurn, Turns

LIVELY_CHUNKS = 12
LIVELY_PAUSE = 0.04
LIVELY_DELAY = 0.4
COMPACTION = -1


@dataclass(frozen=True)
class Decision:
    """The step that answers, and where it comes from."""

    source: str
    number: int
    step: Step


@dataclass(frozen=True)
class ScriptedModel:
    """What the model says. `pace` scales the pauses of the rules' answers; 0 is as fast as possible."""

    turns: Turns
    pace: float = 0

    def decide(self, agent: str, session: str, request: MessagesRequest) -> Decision:
        """Raises pydantic.ValidationError where the prompt carries a script that is none."""
        if request.asks_for_summary:
            return self._summarize(agent, session, request)
        if request.max_tokens == 1:
            return Decision("probe", 0, Step(text="ok"))
        turn = open_turn(request.messages)
        if turn is not None:
            scripted = self.turns.scripted(agent, session, turn)
            if scripted is not None:
                return _follow("script", *scripted)
            queued = self.turns.queued(agent, session, turn)
            if queued is not None:
                return _follow("queue", *queued)
        script, number = follow_rules(agent, request, turn)
        return Decision("rules", number, self._lively(script.step(number)))

    def _summarize(self, agent: str, session: str, request: MessagesRequest) -> Decision:
        """The summary request is the last prompt; the script to ask is that of the turn before it."""
        users = [place for place, message in enumerate(request.messages) if message.role == "user"]
        turn = open_turn(request.messages[: users[-1]])
        scripted = self.turns.scripted(agent, session, turn) if turn else None
        if scripted is not None and scripted[0].script.compaction is not None:
            return _give("compaction", scripted[0], COMPACTION, scripted[0].script.compaction)
        spoken = len(request.messages) - 1
        summary = f"{agent} and the others exchanged {spoken} messages. Nothing is lost: notes are in notes.md."
        text = f"<analysis>Everything was read.</analysis>\n<summary>{summary}</summary>"
        return Decision("compaction", COMPACTION, Step(text=text))

    def _lively(self, step: Step) -> Step:
        if not self.pace:
            return step
        paces = {"chunks": LIVELY_CHUNKS, "chunk_delay": LIVELY_PAUSE * self.pace}
        return step.model_copy(update={**paces, "delay": LIVELY_DELAY * self.pace})


def _follow(source: str, followed: FollowedTurn, number: int) -> Decision:
    return _give(source, followed, number, followed.script.step(number))


def _give(source: str, followed: FollowedTurn, number: int, step: Step) -> Decision:
    return Decision(source, number, followed.faulty(number, step))

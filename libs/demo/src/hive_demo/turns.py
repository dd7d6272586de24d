"""Which script a turn follows, and how often its faults were given.

A script in the prompt needs no memory; the queue and the fault counts do, and are kept by turn, so that a retry
of a request finds its turn again while the same words said later begin a new one.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from hive_demo.conversation import Prompt, Turn
from hive_demo.script import Script, Step, directive_in

REMEMBERED_TURNS = 200


@dataclass
class FollowedTurn:
    """A turn that follows a script, recognized by its session, its prompt and the prompt's place."""

    session: str
    text: str
    place: int
    script: Script
    requests: Counter[int] = field(default_factory=Counter[int])

    def is_at(self, session: str, prompt: Prompt) -> bool:
        """A compaction moves a prompt towards the beginning, never away from it."""
        return (self.session, self.text) == (session, prompt.text) and prompt.place <= self.place

    def faulty(self, number: int, step: Step) -> Step:
        """The step with those faults that this request still gets; counts the request."""
        request = self.requests[number]
        self.requests[number] += 1
        over = [name for name, fault in step.faults.items() if fault.times is not None and request >= fault.times]
        return step.model_copy(update=dict.fromkeys(over))


class Turns:
    """The scripts that wait for each agent's next turns, and the turns that follow one."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Script]] = defaultdict(deque)
        self._followed: defaultdict[str, deque[FollowedTurn]] = defaultdict(
            lambda: deque[FollowedTurn](maxlen=REMEMBERED_TURNS)
        )

    def queue(self, agent: str, scripts: Sequence[Script]) -> None:
        """Replaces what waits for this agent."""
        self._waiting[agent] = deque(scripts)

    def waiting(self, agent: str) -> int:
        return len(self._waiting[agent])

    def scripted(self, agent: str, session: str, turn: Turn) -> tuple[FollowedTurn, int] | None:
        """The turn's newest own script and the number of its step; None where no prompt carries one.

        Raises pydantic.ValidationError for a script that is none.
        """
        for prompt in reversed(turn.prompts):
            directive = directive_in(prompt.text)
            if directive is not None:
                followed = self._find(agent, session, prompt)
                script = Script.model_validate_json(directive)
                return followed or self._follow(agent, session, prompt, script), prompt.answers
        return None

    def queued(self, agent: str, session: str, turn: Turn) -> tuple[FollowedTurn, int] | None:
        """The script this turn took from the queue, or takes now if it is new; None where there is none."""
        prompt = turn.prompts[0]
        followed = self._find(agent, session, prompt)
        if followed is None and prompt.answers == 0 and self._waiting[agent]:
            followed = self._follow(agent, session, prompt, self._waiting[agent].popleft())
        return (followed, prompt.answers) if followed else None

    def _find(self, agent: str, session: str, prompt: Prompt) -> FollowedTurn | None:
        for followed in reversed(self._followed[agent]):
            if followed.is_at(session, prompt):
                followed.place = prompt.place
                return followed
        return None

    def _follow(self, agent: str, session: str, prompt: Prompt, script: Script) -> FollowedTurn:
        followed = FollowedTurn(session=session, text=prompt.text, place=prompt.place, script=script)
        self._followed[agent].append(followed)
        return followed

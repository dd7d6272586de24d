"""Questions to the operator or to another agent, and answers to those that were asked of this one."""

from hive_wire import approvals
from hive_wire.approvals import TTL_MAX_SECONDS, AnswerRequest, Option, Question
from pydantic import Field

from hive_harness.mcp.tools.tool import Arguments, Calls, Tool


class AskArguments(Arguments):
    """A question to ask."""

    question: str = Field(min_length=1, max_length=32_768)
    """The whole question, with what one must know to answer it; Markdown is welcome."""
    to: str = Field(default="operator", min_length=1, max_length=64)
    """`operator`, `manager` or an agent's name."""
    options: list[Option] = Field(default_factory=list[Option], max_length=50)
    """Answers to choose from. Free text is always possible beside them."""
    multi: bool = False
    """Whether several options may be chosen."""
    ttl_seconds: float | None = Field(default=None, gt=0, le=TTL_MAX_SECONDS)
    """After so long without an answer the question ends as `expired`; without it, it waits for ever."""


class AnswerArguments(Arguments):
    """An answer to give."""

    id: int = Field(ge=1)
    """The question's number, from the mail `question_asked`."""
    answer: str = Field(min_length=1, max_length=65_536)
    """One of its options word for word, several joined by `, `, or any text."""


class QuestionTools:
    """The same for every agent."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Tool]:
        """Every agent's."""
        return [
            Tool(
                "ask", "Ask a question",
                "Ask the operator, the manager or another agent something that you need an answer to, above all a "
                "decision that is not yours. Returns the question's number at once, not the answer. The answer comes "
                "as mail from `system` with the JSON event `question_answered` (the same `id`, `answer`, `outcome`: "
                "answered, cancelled or expired): go on with other work or end your turn meanwhile, never wait in a "
                "loop. Use `send` for what needs no answer. A question that no longer matters is ended with "
                "`cancel_loose_end`.",
                AskArguments, Question, self._ask,
            ),
            Tool(
                "answer", "Answer a question",
                "Answer a question that another agent asked you; it came as mail from `system` with the JSON event "
                "`question_asked`. The first answer counts: `already_answered` says who was faster. Questions to the "
                "operator are the operator's to answer.",
                AnswerArguments, Question, self._answer,
            ),
        ]  # fmt: skip

    async def _ask(self, arguments: AskArguments) -> tuple[Question, str]:
        question = await self._calls.keyed(approvals.ASK, arguments)
        until = f", until {question.deadline:%Y-%m-%d %H:%M:%S} UTC" if question.deadline else ""
        return question, (
            f"Asked {question.to} as question #{question.id}{until}. The answer comes as mail; nothing to wait for."
        )

    async def _answer(self, arguments: AnswerArguments) -> tuple[Question, str]:
        request = AnswerRequest(id=arguments.id, text=arguments.answer)
        question = await self._calls.repeat(approvals.ANSWER, request)
        return question, f"Question #{question.id} of {question.asker} is answered."

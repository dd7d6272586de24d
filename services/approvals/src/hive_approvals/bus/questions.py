"""The door of questions: checks whom they are for, calls the rules in one write each."""

import asyncio

from hive_kit.bus import Bus, Caller, Service
from hive_kit.database import Database
from hive_wire import approvals as wire
from hive_wire import lifecycle
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from hive_wire.names import MANAGER, OPERATOR, RESERVED, is_name

from hive_approvals import question_rows, questions
from hive_approvals.config_repo import ConfigRepos
from hive_approvals.deployed_config import deployed_config
from hive_approvals.rows import now


class QuestionsDoor:
    """Answers the verbs about questions."""

    def __init__(self, bus: Bus, database: Database, repos: ConfigRepos) -> None:
        self._bus = bus
        self._database = database
        self._repos = repos

    def add_verbs(self, service: Service) -> None:
        """Every verb with its handler."""
        service.add(wire.ASK, self.ask)
        service.add(wire.ANSWER, self.answer)
        service.add(wire.CANCEL_QUESTION, self.cancel)
        service.add(wire.HOLD_QUESTION, self.hold)
        service.add(wire.QUESTIONS, self.questions)

    async def ask(self, caller: Caller, request: wire.AskRequest) -> wire.Question:
        asker = caller.principal
        known = await self._database.read(lambda c: questions.asked_before(c, asker, request))
        if known is not None:
            return known
        await self._must_be_askable(asker, request.to)
        return await self._database.write(lambda c: questions.ask(c, asker, request, now()))

    async def answer(self, caller: Caller, request: wire.AnswerRequest) -> wire.Question:
        return await self._database.write(lambda c: questions.answer(c, caller.principal, request, now()))

    async def cancel(self, caller: Caller, request: wire.QuestionId) -> wire.Question:
        return await self._database.write(lambda c: questions.cancel(c, caller.principal, request.id, now()))

    async def hold(self, _caller: Caller, request: wire.QuestionId) -> wire.Question:
        return await self._database.write(lambda c: questions.hold(c, request.id, now()))

    async def questions(self, caller: Caller, request: wire.QuestionsRequest) -> wire.QuestionList:
        return await self._database.read(lambda c: question_rows.page(c, caller.principal, request))

    async def _must_be_askable(self, asker: str, to: str) -> None:
        """The operator and the manager are always there; lifecycle knows the other agents."""
        if to == asker:
            raise Refusal(ErrorCode.BAD_RECIPIENT, "nobody can ask themselves", to=to)
        await self._must_be_allowed(asker, to)
        if to in (OPERATOR, MANAGER):
            return
        if to in RESERVED:
            raise Refusal(ErrorCode.BAD_RECIPIENT, f"{to} can't be asked; ask the operator or an agent", to=to)
        if is_name(to) and await self._is_an_agent(to):
            return
        listed = await self._bus.call(lifecycle.LIST, Empty())
        known = sorted({OPERATOR, MANAGER, *(view.name for view in listed.agents)} - {asker})
        text = f"there is nobody called {to!r}; known: {', '.join(known)}"
        raise Refusal(ErrorCode.UNKNOWN_RECIPIENT, text, to=to, known=known)

    async def _must_be_allowed(self, asker: str, to: str) -> None:
        """A question is mail, too: the asker's allow-list holds for it. The operator can always be asked."""
        if OPERATOR in (asker, to):
            return
        config = await asyncio.to_thread(deployed_config, self._repos, asker)
        allowed = config.messages.allow
        if allowed is not None and to not in allowed:
            named = ", ".join(allowed) or "nobody"
            text = f"{asker}'s configuration doesn't let it ask {to}; it may write to: {named}"
            raise Refusal(ErrorCode.NOT_ALLOWED, text, to=to, allowed=allowed)

    async def _is_an_agent(self, name: str) -> bool:
        try:
            await self._bus.call(lifecycle.STATUS, lifecycle.AgentName(name=name))
        except Refusal as refusal:
            if refusal.code is ErrorCode.UNKNOWN_AGENT:
                return False
            raise
        return True

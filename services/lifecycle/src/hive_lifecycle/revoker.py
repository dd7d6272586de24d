"""The revoker: a process of its own, which alone holds the key that signs the account. It does one thing: end a
user's credentials, by signing the account anew without that user and giving it to the server.
"""

import asyncio
import time
from dataclasses import dataclass

import structlog
from hive_kit.bus import Bus, Caller, Service
from hive_kit.host import Host, run
from hive_kit.identity import AccountFile
from hive_kit.version import VERSION
from hive_wire import lifecycle
from hive_wire import revoker as wire
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.model import Empty
from pydantic import BaseModel, ValidationError

from hive_lifecycle.settings import RevokerSettings

log = structlog.get_logger()

UPDATE = "$SYS.REQ.CLAIMS.UPDATE"
_UPDATE_SECONDS = 3.0
_RETRY_SECONDS = 0.5
_TRY_AGAIN = {ErrorCode.UNAVAILABLE, ErrorCode.DISCONNECTED, ErrorCode.TIMEOUT}


class _Update(BaseModel):
    code: int = 0


class _Answer(BaseModel):
    """The part of the server's answer that counts; a refusal has `error` in place of `data`."""

    data: _Update = _Update()


@dataclass(frozen=True)
class Revoker:
    """Signs, stores, and gives the result to the server, in that order."""

    account: AccountFile
    signing_seed: str
    system: Bus

    async def revoke(self, public_key: str) -> None:
        """Returns when the server has accepted it. Repeating it is harmless. Raises Refusal."""
        state = await asyncio.to_thread(self.account.revoke, public_key, self.signing_seed, int(time.time()))
        await self.push(state.token)
        log.info("revoked", public_key=public_key)

    async def push(self, token: str) -> None:
        """Give the server an account's JWT. Raises Refusal `internal` when the server does not take it."""
        answer = await self.system.request(UPDATE, token.encode(), _UPDATE_SECONDS)
        if not _is_accepted(answer):
            log.error("account_refused", answer=answer.decode(errors="replace")[:500])
            raise Refusal(ErrorCode.INTERNAL, "the NATS server did not accept the account's new claims")

    async def push_newest(self) -> None:
        """Give the server what was last signed, so that a restored one knows it; tries until it answers."""
        state = self.account.read()
        if state is None:
            raise Refusal(ErrorCode.STORAGE_FAILED, "there is no account yet; set the swarm up first")
        while True:
            try:
                await self.push(state.token)
                return
            except Refusal as refusal:
                if refusal.code not in _TRY_AGAIN:
                    raise
                log.info("push_waits", code=refusal.code)
            await asyncio.sleep(_RETRY_SECONDS)


@dataclass(frozen=True)
class RevokerDoor:
    """Answers the one verb, for lifecycle alone."""

    revoker: Revoker

    def service(self, bus: Bus) -> Service:
        service = Service(bus, wire.SERVICE, VERSION, "Ends credentials")
        service.add(wire.REVOKE, self.revoke)
        return service

    async def revoke(self, caller: Caller, request: wire.RevokeRequest) -> Empty:
        if caller.principal != lifecycle.SERVICE:
            raise Refusal(ErrorCode.FORBIDDEN, "only lifecycle may revoke")
        await self.revoker.revoke(request.public_key)
        return Empty()


async def compose(host: Host[RevokerSettings]) -> None:
    """Connect to the system account, bring the server up to date, answer."""
    settings = host.settings
    system = await Bus.connect(settings.nats_url, wire.SERVICE, settings.system_creds)
    host.stack.push_async_callback(system.close)
    host.background(_end_with(system), "system connection")
    seed = settings.operator_seed.read_text(encoding="utf-8").strip()
    revoker = Revoker(AccountFile(settings.account_state), seed, system)
    await revoker.push_newest()
    await host.answer(RevokerDoor(revoker).service(host.bus))


def _is_accepted(answer: bytes) -> bool:
    try:
        return _Answer.model_validate_json(answer).data.code == 200
    except ValidationError:
        return False


async def _end_with(system: Bus) -> None:
    await system.closed.wait()
    raise Refusal(ErrorCode.UNAVAILABLE, "the connection to the system account is over")


if __name__ == "__main__":
    run(RevokerSettings.from_arguments(), compose)

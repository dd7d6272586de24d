"""Set-up: one call makes a swarm's whole state folder, and may be repeated at any time, killed at any point.

Keys are made once and never changed; configuration and settings are rendered anew each time; what is missing is
repaired. Starting anything is the supervisor's matter."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hive_kit.files import SECRET, forget_unfinished, locked, make_folder, write_if_changed
from hive_kit.identity import ServerConfig, render_context
from hive_kit.swarm import SwarmConfig
from hive_wire.names import OPERATOR, SERVICES
from pydantic import ValidationError

from hive_cli.problems import Problem
from hive_cli.setup import keyring, ports, settings


@dataclass(frozen=True)
class Wishes:
    """What the operator asked for on the command line; None leaves what was recorded before."""

    dashboard_port: int | None = None
    sandbox: Literal["required", "unsafe"] | None = None
    demo: bool | None = None
    """Whether the model is the scripted one."""
    any_ports: bool = False
    """A new swarm takes free ports at random instead of starting from the defaults."""


def prepare(state: Path, wishes: Wishes) -> SwarmConfig:
    """The swarm in that folder, complete. Raises Problem when the folder can't be used."""
    state = state.absolute()
    check_folder(state)
    try:
        make_folder(state)
        with locked(state / "setup.lock"):
            swarm = _decide(state, wishes)
            _make_folders(swarm)
            swarm.store()
            _render(swarm, keyring.ensure(swarm, int(time.time())))
    except OSError as error:
        raise Problem(f"can't set up {state}: {error.strerror or error}") from error
    return swarm


def load(state: Path) -> SwarmConfig | None:
    """The swarm in that folder, or None where none was set up. Raises Problem for a damaged `swarm.json`."""
    try:
        return SwarmConfig.load(state)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise Problem(f"{error.filename} can't be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise Problem(f"{state / 'swarm.json'} is damaged ({place}: {first['msg']})") from error


def refuse_foreign(swarm: SwarmConfig | None) -> None:
    """Raises Problem when something else than `hive up` runs that swarm's processes."""
    if swarm is not None and swarm.run_by == "systemd":
        raise Problem(f"the swarm in {swarm.state} is run by systemd; use `systemctl start|stop hyperhive.target`")


def check_folder(state: Path) -> None:
    """Raises Problem when no state can be kept there."""
    if state.exists() and not state.is_dir():
        raise Problem(f"{state} is not a folder; choose another with --state")
    if state.exists() and not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        raise Problem(f"{state} is not writable; choose another folder with --state")


def _decide(state: Path, wishes: Wishes) -> SwarmConfig:
    swarm = load(state) or SwarmConfig(
        state=state, ports=ports.choose(wishes.dashboard_port, anywhere=wishes.any_ports)
    )
    changes: dict[str, object] = {}
    if wishes.dashboard_port is not None:
        changes["ports"] = swarm.ports.model_copy(update={"dashboard": wishes.dashboard_port})
    if wishes.sandbox is not None:
        changes["sandbox"] = wishes.sandbox
    if wishes.demo is not None:
        scripted = f"http://127.0.0.1:{swarm.ports.demo}/agents/{{name}}"
        changes["model_base_url"] = scripted if wishes.demo else None
    return swarm.model_copy(update=changes)


def _make_folders(swarm: SwarmConfig) -> None:
    """All folders; whatever an interrupted set-up left half written goes, and loosened modes are put right."""
    for folder in swarm.private_folders:
        make_folder(folder)
    for folder in swarm.shared_folders:
        if not folder.exists():
            make_folder(folder)
    forget_unfinished(swarm.state, "swarm.json")
    for folder in (swarm.keys, swarm.keys / "signing", swarm.creds("*").parent, swarm.server_config.parent):
        forget_unfinished(folder)
    forget_unfinished(swarm.nats_context.parent)
    for service in SERVICES:
        forget_unfinished(swarm.service(service), "settings.json")
    for secret in (*swarm.keys.rglob("*.*"), *swarm.creds("*").parent.iterdir()):
        if secret.is_file():
            secret.chmod(SECRET)


def _render(swarm: SwarmConfig, trust: keyring.Trust) -> None:
    server = ServerConfig(
        port=swarm.ports.nats,
        jetstream=swarm.jetstream,
        resolver=swarm.account_jwts,
        log_file=swarm.log("nats") if swarm.run_by == "hive" else None,
        operator_jwt=trust.operator_jwt,
        system_account=trust.system_account,
        account_jwts=((trust.system_account, trust.system_jwt), (trust.account.account, trust.account.token)),
    )
    write_if_changed(swarm.server_config, server.render())
    write_if_changed(swarm.nats_context, render_context(swarm.nats_url, swarm.creds(OPERATOR)))
    if swarm.run_by == "hive":
        for service in SERVICES:
            write_if_changed(swarm.settings(service), settings.render(swarm, service))

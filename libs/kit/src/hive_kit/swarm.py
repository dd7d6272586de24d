"""One swarm on this host: its `swarm.json`, and where everything lies in its state folder.

Decides names of folders and files, and the defaults of ports; who writes what into them is each owner's matter."""

from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from hive_wire.names import SERVICES
from pydantic import BaseModel, ConfigDict, Field

from hive_kit.files import PUBLIC, write_if_changed

HOST = "127.0.0.1"
Port = Field(ge=1, le=65535)


class Ports(BaseModel):
    """Every port that the swarm listens on, all on loopback."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dashboard: int = Field(default=7100, ge=1, le=65535)
    """The operator's page."""
    broker_metrics: int = Field(default=7101, ge=1, le=65535)
    approvals_metrics: int = Field(default=7102, ge=1, le=65535)
    lifecycle_metrics: int = Field(default=7103, ge=1, le=65535)
    dashboard_metrics: int = Field(default=7104, ge=1, le=65535)
    revoker_metrics: int = Field(default=7105, ge=1, le=65535)
    demo: int = Field(default=7106, ge=1, le=65535)
    """The scripted model, when it runs."""
    nats: int = Field(default=4222, ge=1, le=65535)
    manager: int = Field(default=8000, ge=1, le=65535)
    agents_first: int = Field(default=8100, ge=1, le=65535)
    agents_last: int = Field(default=8999, ge=1, le=65535)

    def metrics(self, service: str) -> int:
        """The port on which `service` answers Prometheus."""
        ports = {
            "broker": self.broker_metrics,
            "approvals": self.approvals_metrics,
            "lifecycle": self.lifecycle_metrics,
            "dashboard": self.dashboard_metrics,
            "revoker": self.revoker_metrics,
        }
        return ports[service]


class SwarmConfig(BaseModel):
    """What set-up recorded. `state` is where it was read from, so that a swarm's folder can be moved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path = Field(exclude=True)
    version: Literal[1] = 1
    name: str = "hive"
    ports: Ports = Ports()
    run_by: Literal["hive", "systemd"] = "hive"
    """Who starts its processes: `hive up`, or systemd's units, which also bring each service's settings."""
    sandbox: Literal["required", "unsafe"] = "required"
    """`unsafe`: agents run as plain processes and could read the operator's files."""
    model_base_url: str | None = None
    """Where Claude Code finds its model, `{name}` being the agent's; None: Anthropic's own."""

    @classmethod
    def load(cls, state: Path) -> Self:
        """Raises FileNotFoundError where no swarm was set up, pydantic.ValidationError for a bad file."""
        state = state.absolute()
        text = (state / "swarm.json").read_text(encoding="utf-8")
        return cls.model_validate({**_JsonObject.model_validate_json(text).model_dump(), "state": state})

    def store(self) -> None:
        write_if_changed(self.file, self.model_dump_json(indent=2) + "\n", PUBLIC)

    @property
    def file(self) -> Path:
        return self.state / "swarm.json"

    @property
    def nats_url(self) -> str:
        return f"nats://{HOST}:{self.ports.nats}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{HOST}:{self.ports.dashboard}"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def operator_seed(self) -> Path:
        """The root of trust; needed only to sign the operator's own claims."""
        return self.keys / "operator.seed"

    @property
    def operator_signing_seed(self) -> Path:
        """Signs accounts: held by set-up and the revoker."""
        return self.keys / "operator-signing.seed"

    @property
    def account_seed(self) -> Path:
        return self.keys / "account.seed"

    @property
    def system_account_seed(self) -> Path:
        return self.keys / "sys-account.seed"

    def signing_key(self, role: str) -> Path:
        return self.keys / "signing" / f"{role}.json"

    @property
    def server_config(self) -> Path:
        return self.state / "nats" / "server.conf"

    @property
    def jetstream(self) -> Path:
        return self.state / "nats" / "jetstream"

    @property
    def account_jwts(self) -> Path:
        """The server's own store of account JWTs."""
        return self.state / "nats" / "jwt"

    @property
    def nats_context(self) -> Path:
        """For the standard CLI: `XDG_CONFIG_HOME=<state> nats --context hive …`."""
        return self.state / "nats" / "context" / "hive.json"

    def creds(self, principal: str) -> Path:
        return self.state / "creds" / f"{principal}.creds"

    def service(self, service: str) -> Path:
        """The folder that only `service` writes, but for its settings."""
        return self.state / "services" / service

    def settings(self, service: str) -> Path:
        return self.service(service) / "settings.json"

    @property
    def account_state(self) -> Path:
        return self.service("revoker") / "account.json"

    @property
    def agents(self) -> Path:
        return self.state / "agents"

    @property
    def config(self) -> Path:
        return self.state / "config"

    @property
    def runtime(self) -> Path:
        return self.state / "runtime"

    def log(self, process: str) -> Path:
        return self.state / "log" / f"{process}.log"

    @property
    def lock(self) -> Path:
        """Held by the supervisor while it runs."""
        return self.state / "run" / "supervisor.lock"

    @property
    def supervisor(self) -> Path:
        """What the supervisor says of itself and its children."""
        return self.state / "run" / "supervisor.json"

    @cached_property
    def private_folders(self) -> tuple[Path, ...]:
        """Folders that nobody but the swarm's user may enter."""
        nats = self.state / "nats"
        services = self.state / "services"
        return (
            self.keys, self.keys / "signing", self.state / "creds", nats, self.jetstream, self.account_jwts,
            self.nats_context.parent, services, *(services / name for name in SERVICES), self.state / "log",
            self.state / "run",
        )  # fmt: skip

    @cached_property
    def shared_folders(self) -> tuple[Path, ...]:
        """Folders whose modes the runtime decides once they exist."""
        return (self.agents, self.config, self.config / "proposed", self.config / "applied", self.runtime)


class _JsonObject(BaseModel):
    model_config = ConfigDict(extra="allow")

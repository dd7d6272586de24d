"""What the dashboard is told. Any address but a loopback one is refused: there is no other protection on the wire."""

from ipaddress import ip_address
from pathlib import Path

from hive_kit.settings import ServiceSettings
from pydantic import Field, field_validator


class DashboardSettings(ServiceSettings):
    """The dashboard's settings; the units are in the names."""

    port: int = Field(ge=1, le=65535)
    """Where the page is served."""
    host: str = "127.0.0.1"
    """The loopback address to listen on."""
    operator_creds: Path
    """The operator's NATS credentials, for what the operator does on the page."""
    unsafe: bool = False
    """Agents run without a sandbox; shown until lifecycle has said what its runtime can do."""
    swarm_name: str = "hive"
    """What the page calls the swarm."""
    body_limit: int = Field(default=256 * 1024, ge=1)
    """The largest message body that the broker takes, bytes; the page says so before it is sent."""
    ask_after_seconds: float = Field(default=4, gt=0)
    """A running agent that was silent for that long is asked for its status."""
    silent_after_seconds: float = Field(default=12, gt=0)
    """A running agent that was silent for that long gives no signal."""
    probe_seconds: float = Field(default=2, gt=0)
    """How often the services are asked whether they are there."""
    ping_seconds: float = Field(default=15, gt=0)
    """How often a page's stream says that it is alive."""

    @field_validator("host")
    @classmethod
    def _only_loopback(cls, host: str) -> str:
        try:
            loopback = ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError("the dashboard listens on a loopback address only, 127.0.0.1 or ::1")
        return host

    @property
    def origin(self) -> str:
        """The page's own address, without a path."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The host names under which the page may be asked for."""
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

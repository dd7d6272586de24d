"""Each service's settings, rendered from the swarm's one description."""

import json
from typing import Any

from hive_kit.swarm import SwarmConfig
from hive_wire.names import OPERATOR
from hive_wire.permissions import SigningRole

from hive_cli.setup.keyring import SYSTEM_CREDS

# JSON of different shapes; each service's own settings class checks its file when it starts.
Settings = dict[str, Any]


def render(swarm: SwarmConfig, service: str) -> str:
    return json.dumps({**_common(swarm, service), **_own(swarm).get(service, {})}, indent=2) + "\n"


def _common(swarm: SwarmConfig, service: str) -> Settings:
    return {
        "service": service,
        "nats_url": swarm.nats_url,
        "creds": str(swarm.creds(service)),
        "database": str(swarm.service(service) / f"{service}.db"),
        "metrics_port": swarm.ports.metrics(service),
        "state": str(swarm.state),
    }


def _own(swarm: SwarmConfig) -> dict[str, Settings]:
    return {
        "lifecycle": {
            "runtime": {"kind": "local", "sandbox": swarm.sandbox},
            "agent_ports": {
                "manager": swarm.ports.manager,
                "first": swarm.ports.agents_first,
                "last": swarm.ports.agents_last,
            },
            "agent_signing_key": str(swarm.signing_key(SigningRole.AGENT)),
            "manager_signing_key": str(swarm.signing_key(SigningRole.MANAGER)),
            "model_base_url": swarm.model_base_url,
            "dashboard_url": swarm.dashboard_url,
        },
        "dashboard": {
            "port": swarm.ports.dashboard,
            "operator_creds": str(swarm.creds(OPERATOR)),
            "unsafe": swarm.sandbox == "unsafe",
        },
        "revoker": {
            "operator_seed": str(swarm.operator_signing_seed),
            "system_creds": str(swarm.creds(SYSTEM_CREDS)),
            "account_state": str(swarm.account_state),
        },
    }

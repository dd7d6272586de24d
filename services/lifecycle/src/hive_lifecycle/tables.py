"""Lifecycle's tables. Times are microseconds since 1970, UTC."""

from hive_kit.database import outbox_tables
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()
kit = outbox_tables(metadata)

agents = Table(
    "agents",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("container", Text, nullable=False),
    Column("container_since", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("exit", Text),
    Column("error", Text),
    Column("revision", Text),
    Column("reachable", Integer, nullable=False, server_default="0"),
    Column("logged_in", Integer),
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("told", Text),
    Column("config", Text, nullable=False, server_default="{}"),
    Column("started_with", Text),
    Column("needs_update", Integer),
    Column("commit_id", Text),
    Column("locked", Text),
    Column("system", Text),
    Column("built_with", Text),
)
"""`revision` is set once both repositories exist, `reachable` once the inbox is open; `told` is the view last told.
`commit_id`, `revision` (its beginning) and `config` are what is deployed; `started_with` is the digest of what the
harness was last started with. `locked` is the revision that the swarm's flake has, `system` what was built of it,
`built_with` what the flake's `hyperhive` was at then."""

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("transient", Text, nullable=False),
    Column("step", Text),
    Column("purge", Integer, nullable=False, server_default="0"),
    Column("requested_by", Text, nullable=False),
    Column("begun_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("error", Text),
    Column("approval", Integer),
    Column("system", Text),
    Column("built_with", Text),
    Column("config", Text),
    Column("note", Text),
    Column("lines", Integer, nullable=False, server_default="0"),
    Column("printed_bytes", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
"""`step` is the next one to take; None before the first was looked up. In flight while `ended_at` is not set; an
`error` before that says why it is being undone. `system`, `built_with` and `config` are what was built for it, `note`
is for approvals, `lines` is how many it printed, of which programs' are `printed_bytes` long."""
Index("actions_in_flight", actions.c.agent, unique=True, sqlite_where=text("ended_at IS NULL"))
Index("actions_by_agent", actions.c.agent, actions.c.id)

output_lines = Table(
    "output_lines",
    metadata,
    Column("action", Integer, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("text", Text, nullable=False),
)
"""What actions printed; `n` counts from 1 in each."""

deploys = Table(
    "deploys",
    metadata,
    Column("approval", Integer, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("error", Text),
    Column("revives", Integer, nullable=False, server_default="0"),
)
"""Approvals that were released to lifecycle; `state` is queued, running or done. Rows stay: none is done twice."""
Index("deploys_open", deploys.c.agent, deploys.c.approval, sqlite_where=text("state <> 'done'"))

credentials = Table(
    "credentials",
    metadata,
    Column("public_key", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("minted_at", Integer, nullable=False),
    Column("revoked_at", Integer),
)

uids = Table(
    "uids",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("uid", Integer, nullable=False, unique=True),
)
"""Users of this host, kept as long as anything of the agent is kept."""

rollouts = Table(
    "rollouts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("begun_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("inputs", Text, nullable=False, server_default="[]"),
    Column("locked", Integer, nullable=False, server_default="0"),
    Column("commit_id", Text),
    Column("error", Text),
    sqlite_autoincrement=True,
)
"""`inputs` is a JSON list of names; `locked` once they are locked anew, in `commit_id` where that changed anything."""
Index("rollouts_open", rollouts.c.id, sqlite_where=text("ended_at IS NULL"))

rollout_agents = Table(
    "rollout_agents",
    metadata,
    Column("rollout", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("action", Integer),
    Column("error", Text),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("name", Text, primary_key=True),
    Column("destroyed_at", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False, server_default="0"),
    Column("login_kept", Integer, nullable=False, server_default="0"),
)
"""`state` is new until it was measured and told of, then kept, and purging while what it stands for is removed."""

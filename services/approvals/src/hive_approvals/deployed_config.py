"""What an agent's deployed `agent.toml` says."""

from hive_wire.agent_config import AgentConfig
from hive_wire.names import MANAGER, is_free_for_agents

from hive_approvals import agent_toml
from hive_approvals.config_repo import ConfigRepos

_FILE = "agent.toml"


def deployed_config(repos: ConfigRepos, agent: str) -> AgentConfig:
    """Of an agent without a repository: the default."""
    named = agent == MANAGER or is_free_for_agents(agent)
    commit = repos.deployed(agent) if named else None
    return AgentConfig() if commit is None else config_at(repos, agent, commit)


def config_at(repos: ConfigRepos, agent: str, commit: str) -> AgentConfig:
    """What a commit says; repositories of an earlier version have no such file."""
    if _FILE not in repos.paths(agent, commit):
        return AgentConfig()
    content, _ = repos.read_file(agent, commit, _FILE)
    return agent_toml.parse(content)

"""An agent's two configuration repositories: `proposed`, which the manager edits and nobody trusts, and `applied`,
which only this package writes and whose tags record every decision. Who decides, and when, is up to others.
"""

from hive_approvals.config_repo.diff import Diff
from hive_approvals.config_repo.repos import ConfigRepos
from hive_approvals.config_repo.review import Checked

__all__ = ["Checked", "ConfigRepos", "Diff"]

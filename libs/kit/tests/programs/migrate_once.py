"""Brings the ledger's database up to date when a line comes in: for racing another one."""

import sys
from pathlib import Path

from hive_kit.database import migrate

sys.stdin.readline()
migrate(Path(sys.argv[1]), "ledger")

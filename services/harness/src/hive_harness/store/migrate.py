"""Brings the event store's schema up to date: `python -m hive_harness.store.migrate FILE`, a process of its own."""

import sys
from pathlib import Path

from hive_kit.database import migrate
from hive_wire.errors import Refusal

if __name__ == "__main__":
    try:
        migrate(Path(sys.argv[1]), "hive_harness.store")
    except Refusal as refusal:
        sys.exit(str(refusal))

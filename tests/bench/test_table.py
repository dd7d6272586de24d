"""The table itself: its JSON for programs, and that nothing unmeasured counts as holding."""

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import absent, as_json, as_markdown, at_least, at_most, over_rounds, percentile

ROOT = Path(__file__).parents[2]
KEYS = {"id", "ours", "limit", "ratio", "goal", "holds", "unit"}


def test_a_run_prints_one_json_document_with_a_row_for_what_was_asked() -> None:
    command = [sys.executable, "-m", "tests.bench", "--json", "--quick", "--only", "BEN-1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    document = json.loads(done.stdout)
    assert document.keys() == {"rows"}
    (row,) = document["rows"]
    assert row.keys() == KEYS
    assert row["id"] == "BEN-1"
    assert row["unit"] == "ms"
    assert row["ratio"] > 0
    assert done.returncode == (0 if row["holds"] else 1)


def test_an_unknown_row_is_a_mistake_of_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", "BEN-99"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""


def test_what_was_not_measured_does_not_hold() -> None:
    (row,) = json.loads(as_json([absent("BEN-4", "ratio ≤ 0.15")]))["rows"]
    assert row == {
        "id": "BEN-4", "ours": None, "limit": None, "ratio": None, "goal": "ratio ≤ 0.15", "holds": False, "unit": "",
    }  # fmt: skip


def test_a_goal_holds_by_its_ratio() -> None:
    assert at_most("a", "work", ours=4.0, limit=1.0, most=4.0).holds
    assert not at_most("a", "work", ours=4.1, limit=1.0, most=4.0).holds
    assert at_least("a", "work", ours=1.0, limit=10.0, least=0.1, unit="1/s").holds
    assert not at_least("a", "work", ours=0.9, limit=10.0, least=0.1, unit="1/s").holds
    assert "| a | work | 4.1 | 1 | 4.1 | ratio ≤ 4 | no | ms |" in as_markdown([at_most("a", "work", 4.1, 1.0, 4.0)])


def test_one_disturbed_round_does_not_decide() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert over_rounds([[1.0], [1.2], [90.0]], 0.5) == 1.2

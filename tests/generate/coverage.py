"""Which rows of the specification are proven through which door, read from the tests' marks."""

import ast
import tomllib
from collections import defaultdict
from pathlib import Path

from tests.generate.reference import HEAD

DOORS = ("wire", "mcp", "cli", "http", "page", "nix", "chaos")
EXPECTED = Path(__file__).with_name("doors.toml")

Proof = dict[str, dict[str, list[str]]]


def proofs(root: Path) -> Proof:
    """Row → door → the tests that carry its mark."""
    found: Proof = defaultdict(lambda: defaultdict(list))
    for folder in ("libs", "services", "tests"):
        for file in sorted((root / folder).rglob("test_*.py")):
            if "node_modules" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for row, door in _marks(node):
                        found[row][door].append(node.name)
    return found


def coverage_page(root: Path) -> str:
    """Row by door: the number of tests; `missing` where users meet the row through a door that no test proves."""
    found = proofs(root)
    expected: dict[str, list[str]] = tomllib.loads(EXPECTED.read_text(encoding="utf-8"))["rows"]
    lines = [HEAD + "# Coverage of the specification\n"]
    lines.append("Tests by row and door; `missing`: users meet the row through this door and no test shows it.\n")
    lines.append("| row | " + " | ".join(DOORS) + " |\n|---|" + "---|" * len(DOORS))
    for row in sorted({*found, *expected}, key=_order):
        cells = [
            str(len(found[row][door]))
            if found.get(row, {}).get(door)
            else "missing"
            if door in expected.get(row, [])
            else ""
            for door in DOORS
        ]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(tests: int, expected: bool) -> str:
    return str(tests) if tests else "missing" if expected else ""


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[tuple[str, str]]:
    marks: list[tuple[str, str]] = []
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.spec"):
            row = ast.literal_eval(decorator.args[0])
            door = next(ast.literal_eval(k.value) for k in decorator.keywords if k.arg == "door")
            marks.append((row, door))
    return marks


def _order(row: str) -> tuple[str, int]:
    area, _, number = row.partition("-")
    return area, int(number)

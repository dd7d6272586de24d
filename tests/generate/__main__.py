"""`./run gen`: write what is derived. With --check: say what differs, exit code 1."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hive_cli.reference import render as reference_of_cli
from hive_wire.schema import Json, page_schema, wire_schema

from tests.generate.coverage import coverage_page
from tests.generate.reference import errors_page, events_page, subjects_page, verbs_page
from tests.nix.options import PAGE, options_page

ROOT = Path(__file__).parents[2]
WEB = ROOT / "services" / "dashboard" / "web"
BANNER = "/* Generated from hive_wire by ./run gen; do not edit. */"


def derived() -> dict[Path, str]:
    """Every derived file that Python writes, with what it should hold."""
    reference = ROOT / "docs" / "reference"
    return {
        reference / "requests.md": verbs_page(),
        reference / "events.md": events_page(),
        reference / "subjects.md": subjects_page(),
        reference / "errors.md": errors_page(),
        reference / "cli.md": reference_of_cli(),
        reference / "coverage.md": coverage_page(ROOT),
        ROOT / "libs" / "wire" / "tests" / "wire.schema.json": _json(wire_schema()),
    }


def _json(schema: Json) -> str:
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def page_types() -> str:
    """The page's TypeScript types, made from the schema by the page's own tool."""
    command = ["npx", "--no-install", "json2ts", "--unreachableDefinitions", "--no-additionalProperties"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made = subprocess.run(
        [*command, "--bannerComment", BANNER],
        input=json.dumps(page_schema()),
        cwd=WEB,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    noise = ("This interface was referenced by", "via the `definition`")
    return "\n".join(line for line in made.stdout.splitlines() if not any(n in line for n in noise)) + "\n"


def of_nix() -> dict[Path, str]:
    """What is derived from the Nix modules, where there is a nix to ask."""
    if shutil.which("nix-instantiate") is None:
        sys.stdout.write(f"left as it is: {PAGE.relative_to(ROOT)} (sudo apt-get install nix-bin)\n")
        return {}
    with tempfile.TemporaryDirectory() as store:
        return {PAGE: options_page(Path(store))}


def main() -> int:
    """Write, or check."""
    files = {**derived(), WEB / "src" / "gen" / "wire.ts": page_types(), **of_nix()}
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        sys.stdout.write(f"{'differs' if '--check' in sys.argv else 'wrote'} {path.relative_to(ROOT)}\n")
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())

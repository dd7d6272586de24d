"""What is derived from the wire and the tests' marks is committed as it would be written now."""

import tomllib

from tests.generate.__main__ import ROOT, derived, page_types
from tests.generate.coverage import DOORS, EXPECTED, proofs


def test_derived_files_are_up_to_date() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in derived().items() if path.read_text("utf-8") != text]
    assert stale == [], "run ./run gen"


def test_the_pages_types_are_up_to_date() -> None:
    path = ROOT / "services" / "dashboard" / "web" / "src" / "gen" / "wire.ts"
    assert path.read_text("utf-8") == page_types(), "run ./run gen"


def test_every_mark_names_a_door_that_there_is() -> None:
    doors = {door for by_door in proofs(ROOT).values() for door in by_door}
    expected = {door for doors in tomllib.loads(EXPECTED.read_text("utf-8"))["rows"].values() for door in doors}
    assert doors | expected <= set(DOORS)

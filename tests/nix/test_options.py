"""The reference of options says what the modules declare."""

from pathlib import Path

import pytest

from tests.nix.options import PAGE, options_page

pytestmark = pytest.mark.xdist_group("nix")


@pytest.mark.spec("OPS-8", door="nix")
def test_the_reference_of_options_is_up_to_date(store: Path) -> None:
    page = options_page(store)
    assert PAGE.read_text(encoding="utf-8") == page, "run ./run gen"
    assert "| `services.hyperhive.enable` |" in page
    assert "| `hyperhive.mcp.*.command` |" in page

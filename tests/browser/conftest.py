"""Headless Chromium in front of a real swarm with the scripted model."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.swarm import RealSwarm

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, quiet and without a sandbox of its own (tests may run as root).

    For one module only: while it is open, Playwright's event loop runs in this thread, and no other may.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium was not found: apt-get install chromium")
    quiet = (
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    )  # fmt: skip
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(quiet))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    """The demo: the manager, scout and scribe."""
    quick = {"retry_base_seconds": "0.2"}
    running = RealSwarm(tmp_path_factory.mktemp("demo") / "state", demo=True, settings=quick)
    running.up()
    yield running
    running.down()


def log_in(browser: Browser, swarm: RealSwarm, size: dict[str, int]) -> Page:
    """A new browser context, logged in by a code of its own, on the Fleet page."""
    context = browser.new_context(viewport=size, base_url=swarm.config.dashboard_url, reduced_motion="reduce")  # type: ignore[arg-type]  # a ViewportSize
    page = context.new_page()
    page.goto(swarm.ask("open")["address"])
    expect(page.get_by_test_id("fleet")).to_be_visible()
    expect(page.get_by_test_id("connection")).to_contain_text("live")
    return page


@pytest.fixture
def page(browser: Browser, swarm: RealSwarm) -> Iterator[Page]:
    """Logged in, desktop size."""
    opened = log_in(browser, swarm, DESKTOP)
    yield opened
    opened.context.close()


@pytest.fixture
def phone(browser: Browser, swarm: RealSwarm) -> Iterator[Page]:
    """Logged in, phone size."""
    opened = log_in(browser, swarm, PHONE)
    yield opened
    opened.context.close()


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Path:
    """Where a test puts its screenshots: `screenshots/`, which git ignores."""
    folder = request.config.rootpath / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder

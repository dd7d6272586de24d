"""A fresh swarm without a key and without walls: what the page says, and how a key brings the agent to life."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESKTOP, log_in
from tests.swarm import RealSwarm

pytestmark = pytest.mark.browser


@pytest.fixture
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    running = RealSwarm(tmp_path_factory.mktemp("bare") / "state", options=("--unsafe-no-sandbox",))
    running.up()
    yield running
    running.down()


@pytest.mark.spec("LGN-1", door="page")
@pytest.mark.spec("LGN-3", door="page")
@pytest.mark.spec("LGN-3", door="cli")
@pytest.mark.spec("RUN-1", door="page")
@pytest.mark.spec("RUN-2", door="page")
@pytest.mark.spec("LIF-5", door="cli")
def test_an_agent_without_a_key_waits_and_a_key_wakes_it(browser: Browser, bare: RealSwarm) -> None:
    page = log_in(browser, bare, DESKTOP)
    expect(page.get_by_test_id("unsafe-banner")).to_be_visible()
    tile = page.get_by_test_id("tile-manager")
    expect(tile.get_by_test_id("agent-state")).to_contain_text("needs login")
    sent = bare.ask("send", "manager", "wait for me")
    page.goto("/a/manager")
    expect(page.get_by_test_id("login-card")).to_contain_text("hive secret set anthropic-api-key")
    expect(page.get_by_test_id("unsafe-banner")).to_be_visible()
    assert bare.ask("message", str(sent["id"]))["state"] == "pending"
    done = bare.hive("secret", "set", "anthropic-api-key", text="sk-ant-not-a-real-key\n")
    assert done.returncode == 0, done.stderr
    expect(page.get_by_test_id("login-card")).to_have_count(0)
    refused = bare.hive("destroy", "manager", "--yes", "--json")
    assert refused.returncode == 1
    assert "manager_protected" in refused.stdout
    page.context.close()

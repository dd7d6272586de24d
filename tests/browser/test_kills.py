"""The operator's story while each part is killed once, at a moment drawn with a seed."""

import random

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_story import compose, message_with
from tests.swarm import RealSwarm, kill

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

SEED = 20261121
LATEST_SECONDS = 3.0


def victim(swarm: RealSwarm, part: str) -> int | None:
    """The process to kill."""
    if part == "harness":
        return swarm.harness("scout")
    if part == "claude":
        return swarm.claude("scout")
    return swarm.services().get(part)


@pytest.mark.spec("REL-1", door="page")
@pytest.mark.spec("TRN-8", door="page")
@pytest.mark.parametrize("part", ["broker", "lifecycle", "dashboard", "harness", "claude", "nats"])
def test_the_story_ends_well_although_a_part_is_killed(page: Page, swarm: RealSwarm, part: str) -> None:
    chance = random.Random(f"{SEED}-{part}")
    page.goto("/messages")
    text = f"find out what becomes of a killed {part}"
    compose(page, f"@scout {text}")
    sent = message_with(page, text).first
    expect(sent).to_be_visible()
    page.wait_for_timeout(chance.uniform(0, LATEST_SECONDS) * 1000)
    pid = victim(swarm, part)
    if pid is None:  # Claude Code may not be awake yet, or again: then the moment is as soon as it is
        expect(sent.get_by_test_id("receipt")).not_to_contain_text("stored")
        pid = victim(swarm, part)
    assert pid is None or kill(pid)
    expect(message_with(page, "I looked into").filter(has_text=text).first).to_be_visible(timeout=90_000)
    expect(sent.get_by_test_id("receipt")).to_contain_text("acked", timeout=90_000)
    expect(page.get_by_test_id("connection")).to_contain_text("live")
    ours = [m for m in swarm.ask("inbox", "scout")["messages"] if m["body"] == text]
    assert len(ours) == 1

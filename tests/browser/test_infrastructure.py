"""Infrastructure on the page of a whole swarm whose containers are those of the double of NixOS: rows, journals,
builds, inputs, kept state. The agents have no key: nothing but their harnesses runs.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hive_wire import approvals, broker, builds, lifecycle, tombstones
from hive_wire.lifecycle import AgentName
from hive_wire.model import Empty
from playwright.sync_api import Browser, Locator, Page, expect

from services.lifecycle.tests.runtimes.double import NixosDouble
from tests.browser.conftest import DESKTOP, PHONE, log_in
from tests.browser.layout import is_too_wide, small_targets
from tests.browser.members import call, deployed
from tests.swarm import RealSwarm, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("infrastructure")]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
ACTION_MS = 120_000


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NixosDouble]:
    """The double of the host: its builds do as they are told."""
    if reason := NixosDouble.missing():
        pytest.skip(reason)
    double = NixosDouble(tmp_path_factory.mktemp("host"), harness=[sys.executable, "-m", "hive_harness"])
    yield double
    double.stop_all()


@pytest.fixture(scope="module")
def swarm(host: NixosDouble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    """The manager and nobody else, with nobody's key."""
    settings = {"runtime": json.dumps(host.settings), "locker": "plain", "flake": "path:/nowhere"}
    running = RealSwarm(tmp_path_factory.mktemp("infrastructure") / "state", settings=settings)
    running.up()
    yield running
    running.down()


@pytest.fixture(scope="module")
def dulse(swarm: RealSwarm) -> str:
    """An agent; the last test destroys it."""
    until(lambda: call(swarm, "operator", lifecycle.STATUS, AgentName(name="manager")).transient, lambda now: not now)
    swarm.ask("spawn", "dulse", "--wait")
    return "dulse"


@pytest.fixture
def go_on(host: NixosDouble, dulse: str, tmp_path: Path) -> Iterator[Path]:
    """The file that builds wait for which were told so; afterwards all builds go as usual again."""
    file = tmp_path / "go on"
    yield file
    file.touch()
    for name in ("manager", dulse):
        host.builds(name)


def row(page: Page, name: str) -> Locator:
    """An agent's row."""
    return page.get_by_test_id(f"row-{name}")


def opened(page: Page, name: str, part: str) -> Locator:
    """An agent's row, opened at one of its parts."""
    page.goto(f"/infra?agent={name}&part={part}")
    shown = row(page, name)
    expect(shown.get_by_test_id("open-row")).to_have_attribute("aria-expanded", "true")
    return shown


def in_state(agent_row: Locator, what: str) -> None:
    """Wait until the container is in that state and nothing is done to it."""
    expect(agent_row.get_by_test_id("container-state")).to_have_attribute("data-state", what, timeout=ACTION_MS)


def rebuild(page: Page, agent_row: Locator) -> None:
    """Ask for a rebuild and confirm it."""
    agent_row.get_by_test_id("rebuild").click()
    expect(page.get_by_test_id("act-dialog")).to_contain_text("made anew")
    page.get_by_test_id("act-confirm").click()


@SIZES
@pytest.mark.spec("DSH-10", door="page")
@pytest.mark.spec("MET-5", door="page")
@pytest.mark.spec("RUN-2", door="page")
def test_a_row_says_what_there_is_to_say_of_an_agent(
    browser: Browser, swarm: RealSwarm, dulse: str, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    view = call(swarm, "operator", lifecycle.STATUS, AgentName(name=dulse))
    request = broker.RemindRequest(message="later", in_seconds=3600, key=uuid4().hex)
    reminder = call(swarm, dulse, broker.REMIND, request)
    page.get_by_test_id("spawn-open").click()
    expect(page.get_by_test_id("spawn-name")).to_have_attribute("maxlength", "11")
    expect(page.get_by_test_id("spawn-form")).to_contain_text("at most 11 with this runtime")
    page.get_by_test_id("nav-infrastructure").locator("visible=true").click()
    shown = row(page, dulse)
    in_state(shown, "running")
    expect(shown.get_by_test_id("agent-state")).to_have_attribute("data-state", "needs login")
    expect(shown.get_by_test_id("needs-login")).to_be_visible()
    expect(shown.locator(".tag").first).to_have_text("agent")
    expect(row(page, "manager").locator(".tag").first).to_have_text("manager")
    expect(shown.get_by_test_id("revision")).to_have_text(deployed(swarm, dulse)[:12])
    expect(shown).to_contain_text(f"port {view.port}")
    expect(shown.get_by_test_id("reminders")).to_have_text("1")
    call(swarm, "operator", broker.CANCEL_REMINDER, broker.ReminderId(id=reminder.id))
    expect(shown.get_by_test_id("reminders")).to_have_text("0")
    with page.context.expect_page() as new:
        shown.get_by_test_id(f"open-{dulse}").click()
    expect(new.value.get_by_test_id("agent-page")).to_be_visible()
    expect(page.get_by_test_id("infra")).to_be_visible()

    can = call(swarm, "operator", lifecycle.LIST, Empty()).capabilities
    assert can.notes
    for note in can.notes:
        expect(page.get_by_test_id("runtime-note")).to_contain_text(note)
    expect(page.get_by_test_id("update-all")).to_be_disabled()
    manager = row(page, "manager")
    manager.get_by_test_id("more").click()
    expect(manager.get_by_test_id("destroy")).to_be_disabled()
    manager.get_by_test_id("destroy").dispatch_event("click")
    expect(manager.get_by_test_id("blocked")).to_contain_text("can't be destroyed")
    page.keyboard.press("Escape")
    expect(manager.get_by_test_id("destroy")).to_have_count(0)
    assert not is_too_wide(page)
    assert small_targets(page) == []
    page.screenshot(path=evidence / f"infrastructure-{size['width']}.png")
    shown.get_by_test_id("open-row").focus()
    page.keyboard.press("Enter")
    expect(shown.get_by_test_id("journal")).to_be_visible()
    expect(page).to_have_url(re.compile(f"agent={dulse}"))
    shown.get_by_test_id("part-config").focus()
    page.keyboard.press("Enter")
    expect(shown.get_by_test_id("config-text")).to_be_visible()
    page.context.close()


@pytest.mark.spec("LIF-1", door="page")
@pytest.mark.spec("LIF-2", door="page")
@pytest.mark.spec("WAT-3", door="page")
def test_an_agent_is_stopped_and_started_and_nothing_else_meanwhile(
    page: Page, phone: Page, swarm: RealSwarm, dulse: str
) -> None:
    page.goto("/infra")
    phone.goto("/infra")
    shown, small = row(page, dulse), row(phone, dulse)
    in_state(shown, "running")
    small.get_by_test_id("stop").click()
    for seen in (shown, small):
        in_state(seen, "stopped")
        expect(seen.get_by_test_id("agent-state")).to_have_attribute("data-state", "offline")
    shown.get_by_test_id("start").click()
    expect(small.get_by_test_id("container-state")).to_have_attribute("data-state", "starting")
    expect(small.get_by_test_id("rebuild")).to_be_disabled()
    expect(small.get_by_test_id("rebuild")).to_have_accessible_description(re.compile("starting"))
    small.get_by_test_id("rebuild").dispatch_event("click")
    expect(phone.get_by_test_id("act-dialog")).to_have_count(0)
    for seen in (shown, small):
        in_state(seen, "running")
        expect(seen.get_by_test_id("rebuild")).to_be_enabled()
    assert call(swarm, "operator", lifecycle.STATUS, AgentName(name=dulse)).container == "running"


@pytest.mark.spec("DSH-11", door="page")
@pytest.mark.spec("WAT-4", door="page")
def test_a_journal_is_followed_line_by_line_and_read_after_the_stop(
    page: Page, phone: Page, swarm: RealSwarm, dulse: str, evidence: Path
) -> None:
    shown, small = opened(page, dulse, "journal"), opened(phone, dulse, "journal")
    lines, followed = shown.get_by_test_id("journal-lines"), small.get_by_test_id("journal-lines")
    for text in (lines, followed):
        expect(text).to_contain_text("loop_started")
    shown.get_by_test_id("follow").uncheck()
    expect(shown.get_by_test_id("journal")).to_have_attribute("data-following", "false")
    expect(small.get_by_test_id("journal")).to_have_attribute("data-following", "true")
    before = lines.locator(".line").count()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/logs?" in request.url else None)
    ready = followed.locator(".line").filter(has_text=f"ready  agent={dulse}")
    starts = ready.count()
    swarm.ask("restart", dulse, "--wait")
    expect(ready).to_have_count(starts + 1)
    swarm.ask("stop", dulse, "--wait")
    in_state(shown, "stopped")
    assert (asked, lines.locator(".line").count()) == ([], before)
    shown.get_by_test_id("refresh").click()
    expect(lines.locator(".line").filter(has_text=f"ready  agent={dulse}")).to_have_count(starts + 1)
    assert len(asked) == 1
    shown.get_by_test_id("unit").select_option("machine")
    expect(lines).to_contain_text("systemd")
    assert "unit=machine" in asked[-1]
    page.screenshot(path=evidence / "journal-1280.png")
    phone.screenshot(path=evidence / "journal-390.png")
    assert not is_too_wide(phone)
    small.get_by_test_id("raw").check()
    expect(followed).to_contain_text('"event": "ready"')
    swarm.ask("start", dulse, "--wait")


@pytest.mark.spec("CFG-2", door="page")
def test_what_is_deployed_is_read_in_the_row(page: Page, dulse: str) -> None:
    shown = opened(page, dulse, "config")
    text = shown.get_by_test_id("config-text")
    expect(text).to_have_attribute("data-path", "agent.nix")
    expect(text).to_contain_text("hyperhive")
    shown.get_by_role("button", name="agent.toml").click()
    expect(text).to_have_attribute("data-path", "agent.toml")
    expect(shown.locator("textarea")).to_have_count(0)


@pytest.mark.spec("DSH-11", door="page")
@pytest.mark.spec("LIF-1", door="page")
@pytest.mark.spec("LIF-6", door="page")
def test_what_a_build_prints_is_shown_while_it_runs_and_afterwards(
    page: Page, phone: Page, swarm: RealSwarm, host: NixosDouble, dulse: str, evidence: Path, go_on: Path
) -> None:
    host.builds(dulse, lines=[f"building step {n} of 120" for n in range(1, 121)], until=go_on, revision="long")
    shown, small = opened(page, dulse, "builds"), opened(phone, dulse, "builds")
    output = shown.get_by_test_id("output")
    before = output.get_attribute("data-action")
    rebuild(phone, small)
    expect(output).not_to_have_attribute("data-action", before or "")
    number = output.get_attribute("data-action")
    action = shown.get_by_test_id(f"action-{number}")
    expect(output.get_by_test_id("output-lines")).to_contain_text("building step 120 of 120")
    expect(small.get_by_test_id("output-lines")).to_contain_text("building step 120 of 120")
    expect(output.get_by_test_id("output-state")).to_have_text("under way: build")
    expect(action).to_have_attribute("data-state", "under way")
    expect(shown.get_by_test_id("container-state")).to_have_attribute("data-state", "rebuilding")
    page.screenshot(path=evidence / "build-1280.png")
    page.reload()
    expect(output.locator(".line-text").filter(has_text="building step")).to_have_count(120)
    go_on.touch()
    expect(action).to_have_attribute("data-state", "done", timeout=ACTION_MS)
    in_state(shown, "running")
    stored = call(swarm, "operator", builds.OUTPUT, builds.OutputRequest(action=int(number or 0)))
    assert stored.action.kind == "rebuild"
    printed = [line.text for line in stored.lines]
    expect(output.locator(".line-text")).to_have_text(printed)
    expect(small.locator(".line-text")).to_have_text(printed)
    assert not is_too_wide(phone)
    phone.screenshot(path=evidence / "build-390.png")

    host.builds(dulse, lines=["evaluating", "building x.drv"], error="builder for 'x.drv' failed")
    page.context.set_offline(True)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "offline")
    rebuild(phone, small)
    expect(small.get_by_test_id("row-error")).to_contain_text("builder for 'x.drv' failed")
    page.context.set_offline(False)
    expect(shown.get_by_test_id("row-error")).to_contain_text("builder for 'x.drv' failed")
    expect(output.get_by_test_id("output-lines")).to_contain_text("building x.drv")
    expect(output.get_by_test_id("output-state")).to_have_text("failed")
    expect(output.get_by_test_id("output-error")).to_contain_text("builder for 'x.drv' failed")
    in_state(shown, "running")
    host.builds(dulse)
    rebuild(page, shown)
    expect(shown.get_by_test_id("row-error")).to_have_count(0)
    expect(output.get_by_test_id("output-state")).to_have_text("done", timeout=ACTION_MS)
    shown.get_by_test_id("part-live").click()
    expect(shown.get_by_test_id("live").get_by_test_id("row").first).to_be_visible()


@pytest.mark.spec("DSH-13", door="page")
@pytest.mark.spec("MET-4", door="page")
def test_chosen_inputs_are_updated_and_every_rebuild_reports(
    page: Page, phone: Page, swarm: RealSwarm, host: NixosDouble, dulse: str, evidence: Path, go_on: Path
) -> None:
    page.goto("/infra?view=inputs")
    expect(page.locator(".input-name").first).to_have_text("hyperhive")
    chosen = page.get_by_test_id(f"input-agent-{dulse}")
    expect(chosen.get_by_test_id("input-revision")).to_have_text(deployed(swarm, dulse)[:12])
    expect(chosen).to_contain_text("old")
    expect(chosen).to_contain_text(f"applied/{dulse}")
    expect(page.get_by_test_id("update-inputs")).to_have_count(0)
    page.get_by_test_id("input-hyperhive").click()
    page.get_by_test_id("update-inputs").click()
    expect(page.get_by_test_id("concerned")).to_have_text(f"manager, {dulse}")
    expect(page.get_by_test_id("inputs-confirm")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("inputs-dialog")).to_have_count(0)
    page.get_by_test_id("input-hyperhive").click()
    expect(page.get_by_test_id("update-inputs")).to_have_count(0)

    host.builds("manager", lines=["slowly"], until=go_on)
    host.builds(dulse, error="no luck")
    phone.goto("/infra?view=inputs")
    for name in ("manager", dulse):
        phone.get_by_test_id(f"input-agent-{name}").click()
    assert not is_too_wide(phone)
    assert small_targets(phone) == []
    phone.get_by_test_id("update-inputs").click()
    expect(phone.get_by_test_id("concerned")).to_have_text(f"manager, {dulse}")
    phone.get_by_test_id("inputs-confirm").click()
    going = page.locator("[data-testid^=rollout-][data-ended=false]")
    expect(going).to_contain_text(f"agent-{dulse}")
    number = going.get_attribute("data-testid") or ""
    rollout, manager = page.get_by_test_id(number), page.get_by_test_id("rollout-agent-manager")
    agent = page.get_by_test_id(f"rollout-agent-{dulse}")
    expect(manager).to_have_attribute("data-state", "running")
    page.screenshot(path=evidence / "inputs-1280.png")
    phone.screenshot(path=evidence / "inputs-390.png")
    go_on.touch()
    expect(rollout).to_have_attribute("data-ended", "true", timeout=ACTION_MS)
    expect(manager).to_have_attribute("data-state", "done")
    expect(agent).to_have_attribute("data-state", "failed")
    expect(agent).to_contain_text("no luck")
    expect(rollout.get_by_test_id("rollout-progress")).to_contain_text("2 of 2 agents · 1 failed")
    expect(phone.get_by_test_id(number)).to_have_attribute("data-ended", "true")
    rollout.get_by_role("link", name=f"What the rebuild of {dulse} printed").click()
    expect(row(page, dulse).get_by_test_id("output-lines")).to_contain_text("no luck")
    rollout.get_by_test_id("rollout-away").click()
    expect(rollout).to_have_count(0)


@pytest.mark.spec("DSH-12", door="page")
@pytest.mark.spec("LIF-4", door="page")
def test_what_is_kept_of_a_destroyed_agent_is_listed_asked_for_anew_and_purged(
    page: Page, phone: Page, swarm: RealSwarm, dulse: str, evidence: Path
) -> None:
    page.goto("/infra?view=kept")
    expect(page.get_by_test_id("nothing")).to_be_visible()
    page.goto("/infra")
    shown = row(page, dulse)
    shown.get_by_test_id("more").click()
    shown.get_by_test_id("destroy").click()
    expect(page.get_by_test_id("destroy-dialog")).to_contain_text("are kept")
    expect(page.get_by_test_id("destroy-submit")).to_be_disabled()
    page.get_by_test_id("destroy-confirm").fill(dulse)
    page.get_by_test_id("destroy-submit").click()
    expect(shown).to_have_count(0, timeout=ACTION_MS)
    page.get_by_test_id("view-kept").click()
    kept = page.get_by_test_id(f"kept-{dulse}")
    expect(kept.get_by_test_id("kept-size")).to_have_text(re.compile(r"\d [kM]?B"))
    expect(kept).to_contain_text("destroyed")
    expect(kept.get_by_test_id("kept-login")).to_have_text("no login")

    kept.get_by_test_id("revive").click()
    expect(page.get_by_test_id("revive-dialog")).to_contain_text("queues an approval")
    page.get_by_test_id("revive-words").fill("It was useful after all")
    page.get_by_test_id("revive-submit").click()
    page.get_by_test_id("revive-open").click()
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    expect(page.get_by_test_id("description")).to_have_text("It was useful after all")
    asked = call(swarm, "operator", approvals.PENDING, Empty()).approvals
    assert [(one.agent, one.revives, one.status) for one in asked] == [(dulse, True, "pending")]
    page.goto("/infra/kept")
    expect(kept.get_by_test_id("revival")).to_have_attribute("href", f"/decisions?approval={asked[0].id}")
    expect(kept.get_by_test_id("revive")).to_be_disabled()
    phone.goto("/infra?view=kept")
    expect(phone.get_by_test_id(f"kept-{dulse}")).to_be_visible()
    assert not is_too_wide(phone)
    assert small_targets(phone) == []
    phone.screenshot(path=evidence / "kept-390.png")

    page.goto(f"/decisions?approval={asked[0].id}")
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    page.get_by_test_id("deny").click()
    page.get_by_test_id("decide-confirm").click()
    expect(page.get_by_test_id("resolved")).to_contain_text("denied")
    page.goto("/infra?view=kept")
    expect(kept.get_by_test_id("revive")).to_be_enabled()
    kept.get_by_test_id("purge").click()
    page.get_by_test_id("purge-confirm").fill("dul")
    expect(page.get_by_test_id("purge-submit")).to_be_disabled()
    page.get_by_test_id("purge-confirm").fill(dulse)
    page.get_by_test_id("purge-submit").click()
    expect(kept).to_have_count(0)
    expect(phone.get_by_test_id(f"kept-{dulse}")).to_have_count(0)
    assert call(swarm, "operator", tombstones.TOMBSTONES, Empty()).tombstones == []

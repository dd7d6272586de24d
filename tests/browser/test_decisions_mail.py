"""The operator's inbox, reminders, previews of files and deployed configurations on the page of a real swarm."""

from pathlib import Path
from uuid import uuid4

import pytest
from hive_wire import broker
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, log_in
from tests.browser.layout import is_too_wide, small_targets
from tests.browser.members import call
from tests.swarm import RealSwarm

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("decisions")]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
VIEWS = ("waiting", "approvals", "questions", "inbox", "reminders")


def write(swarm: RealSwarm, sender: str, to: str, body: str, in_reply_to: int | None = None) -> int:
    """An agent sends a message."""
    request = broker.SendRequest(to=to, body=body, key=uuid4().hex, in_reply_to=in_reply_to)
    return call(swarm, sender, broker.SEND, request).id


@SIZES
@pytest.mark.spec("DSH-16", door="page")
def test_mail_to_the_operator_is_read_answered_followed_and_marked_handled(
    browser: Browser, swarm: RealSwarm, size: dict[str, int]
) -> None:
    page = log_in(browser, swarm, size)
    page.goto("/decisions?view=inbox")
    width = size["width"]
    number = write(swarm, "scribe", "operator", f"May I go on? {width}")
    write(swarm, "scribe", "operator", f"I mean the notes. {width}", in_reply_to=number)
    waits = page.get_by_test_id("list-inbox").locator(f"[data-id='{number}']")
    expect(waits).to_contain_text(f"May I go on? {width}")
    expect(waits.get_by_test_id("receipt")).to_have_attribute("data-state", "in_flight")
    second = page.get_by_test_id("list-inbox").locator("[data-testid=message]").filter(has_text="I mean the notes").last
    second.get_by_test_id("see-thread").click()
    expect(page.get_by_test_id("thread").get_by_test_id("message")).to_have_count(2)
    waits.get_by_test_id("reply").click()
    box = page.get_by_test_id("compose-body")
    expect(box).to_be_focused()
    expect(page.get_by_test_id("compose-to")).to_contain_text("scribe")
    box.fill(f"Yes, do. {width}")
    box.press("Enter")
    expect(page.get_by_test_id("thread")).to_contain_text(f"Yes, do. {width}")
    waits.get_by_test_id("handled").click()
    expect(waits).to_have_count(0)
    expect(page.get_by_test_id("list-handled").locator(f"[data-id='{number}']")).to_be_visible()
    page.context.close()


@SIZES
@pytest.mark.spec("DSH-18", door="page")
@pytest.mark.spec("REM-4", door="page")
def test_reminders_are_listed_with_their_time_and_cancelled(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    page.goto("/decisions?view=reminders")
    request = broker.RemindRequest(message="Look again **soon**", in_seconds=3600, key=uuid4().hex)
    made = call(swarm, "scout", broker.REMIND, request)
    row = page.get_by_test_id(f"reminder-{made.id}")
    expect(row).to_contain_text("Look again soon")
    expect(row.get_by_test_id("left")).to_contain_text("in 59m")
    before = row.get_by_test_id("left").inner_text()
    expect(row.get_by_test_id("left")).not_to_have_text(before)
    page.screenshot(path=evidence / f"reminders-{size['width']}.png")
    tab = page.context.new_page()
    tab.goto("/")
    expect(tab.get_by_test_id("tile-scout").get_by_test_id("reminder-count")).to_contain_text("1")
    row.get_by_test_id("reminder-cancel").click()
    expect(row.get_by_test_id("reminder-cancel")).to_have_text("Really cancel")
    row.get_by_test_id("reminder-cancel").click()
    expect(row).to_have_count(0)
    expect(tab.get_by_test_id("tile-scout").get_by_test_id("reminder-count")).to_have_count(0)
    assert call(swarm, "operator", broker.REMINDERS, broker.RemindersRequest(owner="scout")).reminders == []
    page.context.close()


@SIZES
@pytest.mark.spec("MSG-11", door="page")
def test_a_file_that_a_message_names_opens_below_it(browser: Browser, swarm: RealSwarm, size: dict[str, int]) -> None:
    page = log_in(browser, swarm, size)
    folder = swarm.config.state / "shared" / "agents" / "scout" / "state"
    name = f"found-{size['width']}.md"
    (folder / name).write_text("# Found\n<b>not bold</b> and \u202ehidden\n")
    number = write(swarm, "scout", "operator", f"See /state/{name} for more.")
    page.goto("/decisions?view=inbox")
    message = page.get_by_test_id("list-inbox").locator(f"[data-id='{number}']")
    line = message.get_by_test_id("file-ref")
    expect(line).to_contain_text(name)
    expect(message.get_by_test_id("file-preview")).to_have_count(0)
    line.click()
    preview = message.get_by_test_id("file-preview")
    expect(preview).to_contain_text("<b>not bold</b>")
    expect(preview.locator("mark.odd")).to_have_count(1)
    write(swarm, "scout", "operator", "something new meanwhile")
    expect(page.get_by_test_id("list-inbox")).to_contain_text("something new meanwhile")
    expect(preview).to_be_visible()
    line.click()
    expect(preview).to_have_count(0)
    page.context.close()


@pytest.mark.spec("CFG-2", door="page")
def test_what_is_deployed_can_be_read_on_an_agents_page(page: Page) -> None:
    page.goto("/a/scribe")
    page.get_by_test_id("config-open").click()
    text = page.get_by_test_id("config-text")
    expect(text).to_have_attribute("data-path", "agent.nix")
    expect(text).to_contain_text("hyperhive")
    page.get_by_role("button", name="flake.nix").click()
    expect(text).to_have_attribute("data-path", "flake.nix")
    expect(text).to_contain_text("nixosModules")


def test_every_view_of_the_decisions_fits_a_phone_with_targets_for_fingers(phone: Page) -> None:
    for view in VIEWS:
        phone.goto(f"/decisions?view={view}")
        expect(phone.get_by_test_id("connection")).to_contain_text("live")
        expect(phone.get_by_test_id(f"view-{view}")).to_have_attribute("aria-current", "true")
        assert not is_too_wide(phone), view
        assert small_targets(phone) == [], view

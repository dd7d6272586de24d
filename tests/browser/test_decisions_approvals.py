"""Approvals on the page of a real swarm: reading every line, deciding what was seen, two tabs, many at once."""

from pathlib import Path

import pytest
from hive_wire import approvals
from hive_wire.model import Empty
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, log_in
from tests.browser.layout import is_too_wide
from tests.browser.members import approval_now, call, propose
from tests.browser.streams import hear_nothing
from tests.swarm import RealSwarm

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("decisions")]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
DEPLOY_SECONDS = 120_000
HOSTILE = "notes/<img src=x onerror=document.title='owned'>.md"


def review(page: Page, number: int) -> Locator:
    """Open an approval and wait until every line of it is there."""
    page.goto(f"/decisions?approval={number}")
    shown = page.get_by_test_id("review")
    expect(shown).to_have_attribute("data-complete", "true")
    return shown


def decide(page: Page, decision: str, reason: str | None = None) -> None:
    """Approve or deny what is open."""
    page.get_by_test_id(decision).click()
    if reason is not None:
        page.get_by_test_id("deny-reason").fill(reason)
    page.get_by_test_id("decide-confirm").click()


def deny_all(swarm: RealSwarm) -> None:
    """Leave nothing behind that waits."""
    for pending in call(swarm, "operator", approvals.PENDING, Empty()).approvals:
        if pending.status == "pending":
            page = call(swarm, "operator", approvals.DIFF, approvals.DiffRequest(id=pending.id))
            item = approvals.DecisionItem(id=pending.id, hash=page.hash)
            call(swarm, "operator", approvals.DECIDE, approvals.DecideRequest(decision="deny", items=[item]))  # type: ignore[arg-type]  # its string


@SIZES
@pytest.mark.spec("APR-5", door="page")
@pytest.mark.spec("APR-13", door="page")
def test_every_line_is_shown_as_what_it_is_and_nothing_hides(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    long_line = "a very long line " * 60
    files = {
        "agent.toml": f'model = "claude-haiku-4-5"\n# {long_line}\n# tab\there, right\u202eto left, zero\u200bwidth\n',
        HOSTILE: "<script>document.title = 'owned'</script>\n-- a/not-a-header\n",
    }
    asked = propose(swarm, "scribe", files, "First line\n  <b>second</b> line")
    shown = review(page, asked.id)
    expect(page.get_by_test_id("description")).to_have_text("First line\n  <b>second</b> line")
    expect(page.get_by_test_id("file")).to_have_count(2)
    file = page.locator("[data-testid=file]").filter(has=page.locator(f'text="{HOSTILE}"'))
    expect(file.locator("[data-kind=add]").first).to_contain_text("+<script>document.title = 'owned'</script>")
    expect(file.locator("[data-kind=hunk]")).to_have_count(1)
    expect(file.locator("[data-kind=header]").first).to_contain_text("diff --git")
    marks = shown.locator("mark.odd")
    expect(marks.filter(has_text="U+202E").first).to_be_visible()
    expect(marks.filter(has_text="U+200B").first).to_be_attached()
    expect(shown.locator("img, script, b:has-text('second')")).to_have_count(0)
    assert page.title() != "owned"
    assert not is_too_wide(page)
    lines = page.get_by_test_id("lines").first
    assert lines.evaluate("e => e.scrollWidth > e.clientWidth"), "long lines scroll inside the diff"
    for button in ("approve", "deny"):
        box = page.get_by_test_id(button).bounding_box()
        assert box is not None
        assert box["height"] >= 44
    page.screenshot(path=evidence / f"approval-{size['width']}.png")
    raw = "".join(
        part.text for part in call(swarm, "operator", approvals.DIFF, approvals.DiffRequest(id=asked.id)).parts
    )
    assert page.locator(".dl").count() == raw.count("\n")
    decide(page, "deny", "")
    expect(page.get_by_test_id("resolved")).to_contain_text("denied")
    page.context.close()


@pytest.mark.spec("APR-5", door="page")
def test_what_is_renamed_or_binary_is_called_so_and_shown_all_the_same(page: Page, swarm: RealSwarm) -> None:
    kept = call(swarm, "operator", approvals.READ_CONFIG, approvals.ConfigRequest(agent="scribe", path="agent.toml"))
    files = {"agent.toml": None, "old/agent.toml": kept.text, "data.bin": bytes(range(256))}
    asked = propose(swarm, "scribe", files, "moved")
    review(page, asked.id)
    moved = page.locator("[data-testid=file][data-path='old/agent.toml']")
    expect(moved).to_have_attribute("data-status", "renamed")
    expect(moved.locator(".file-path")).to_contain_text("agent.toml → old/agent.toml")
    binary = page.locator("[data-testid=file][data-path='data.bin']")
    expect(binary.get_by_test_id("binary")).to_be_visible()
    expect(binary.locator("[data-kind=binary]").first).to_contain_text("GIT binary patch")
    deny_all(swarm)


@SIZES
@pytest.mark.spec("DSH-15", door="page")
def test_what_was_seen_is_approved_and_its_way_can_be_watched(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    asked = propose(
        swarm, "scribe", {"agent.toml": f'[prompt]\nappend = "Width {size["width"]}."\n'}, "A line more for scribe"
    )
    page.goto("/decisions?view=approvals&tab=pending")
    row = page.get_by_test_id(f"approval-{asked.id}")
    expect(row).to_contain_text("A line more for scribe")
    page.screenshot(path=evidence / f"approvals-{size['width']}.png")
    row.get_by_test_id("open-approval").click()
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    expect(page.get_by_test_id("viewed")).to_have_text("viewed 0 of 1")
    page.get_by_test_id("viewed-box").check()
    expect(page.get_by_test_id("viewed")).to_have_text("viewed 1 of 1")
    decide(page, "approve")
    expect(page.get_by_test_id("resolved")).to_contain_text("you")
    expect(page.get_by_test_id("resolved")).to_contain_text("deployed", timeout=DEPLOY_SECONDS)
    assert approval_now(swarm, asked.id).status == "deployed"
    page.goto("/decisions?view=approvals&tab=history")
    past = page.get_by_test_id(f"past-{asked.id}")
    expect(past).to_have_attribute("data-status", "deployed")
    expect(past).to_contain_text(asked.commit[:10])
    page.context.close()


@SIZES
@pytest.mark.spec("APR-7", door="page")
@pytest.mark.spec("APR-10", door="page")
@pytest.mark.spec("DSH-15", door="page")
def test_a_denial_keeps_its_reason_with_its_line_breaks(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    asked = propose(swarm, "scribe", {"agent.toml": '# to be denied\nmodel = "claude-haiku-4-5"\n'}, "no")
    review(page, asked.id)
    page.keyboard.press("d")
    page.get_by_test_id("deny-reason").fill("Not now.\nAsk again <b>later</b>.")
    page.get_by_test_id("decide-confirm").click()
    expect(page.get_by_test_id("resolved")).to_contain_text("denied")
    page.goto("/decisions?view=approvals&tab=history")
    note = page.get_by_test_id(f"past-{asked.id}").get_by_test_id("past-note")
    expect(note).to_have_text("Not now.\nAsk again <b>later</b>.", use_inner_text=True)
    page.screenshot(path=evidence / f"history-{size['width']}.png")
    page.goto("/decisions")
    expect(page.get_by_test_id("tab-history")).to_have_attribute("aria-current", "true")
    page.goto("/decisions?view=waiting")
    page.context.close()


@pytest.mark.spec("DSH-15", door="page")
def test_a_review_is_driven_by_keys(page: Page, swarm: RealSwarm) -> None:
    files = {"agent.toml": '# keys\nmodel = "claude-haiku-4-5"\n', "a.md": "one\n", "b.md": "two\n"}
    asked = propose(swarm, "scribe", files, "three files")
    review(page, asked.id)
    said = page.get_by_test_id("viewed")
    page.keyboard.press("v")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(said).to_have_text("viewed 2 of 3")
    page.keyboard.press("k")
    page.keyboard.press("v")
    expect(said).to_have_text("viewed 3 of 3")
    page.keyboard.press("v")
    page.reload()
    expect(said).to_have_text("viewed 2 of 3")
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    page.keyboard.press("a")
    dialog = page.get_by_test_id("decide-dialog")
    expect(dialog).to_contain_text("1 file of 3 not marked as viewed")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert approval_now(swarm, asked.id).status == "pending"
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("decisions")).to_be_visible()
    deny_all(swarm)


@pytest.mark.spec("APR-8", door="page")
def test_two_tabs_decide_at_once_and_the_second_learns_who_did_it_and_how(
    page: Page, browser: Browser, swarm: RealSwarm
) -> None:
    other = log_in(browser, swarm, PHONE)
    asked = propose(swarm, "scribe", {"agent.toml": "# two tabs\n"}, "both want it")
    for tab in (page, other):
        hear_nothing(tab)
        review(tab, asked.id)
        tab.get_by_test_id("deny").click()
    page.get_by_test_id("deny-reason").fill("the first tab")
    other.get_by_test_id("deny-reason").fill("the second tab")
    for tab in (page, other):
        tab.get_by_test_id("decide-confirm").click(no_wait_after=True)
    for tab in (page, other):
        expect(tab.get_by_test_id("decide-dialog")).to_have_count(0)
        expect(tab.get_by_test_id("resolved")).to_contain_text("denied")
    second = [tab for tab in (page, other) if tab.get_by_test_id("refused").count() == 1]
    assert len(second) == 1
    refused = second[0].get_by_test_id("refused")
    expect(refused).to_have_attribute("data-code", "already_decided")
    expect(refused).to_contain_text("operator")
    expect(refused).to_contain_text("denied")
    stored = approval_now(swarm, asked.id)
    won = "the second tab" if second[0] is page else "the first tab"
    assert (stored.status, stored.note) == ("denied", won)
    other.context.close()


@pytest.mark.spec("APR-13", door="page")
def test_what_changed_since_it_was_shown_is_shown_anew_before_it_can_be_approved(page: Page, swarm: RealSwarm) -> None:
    first = propose(swarm, "scribe", {"agent.toml": "# the first of two\n"}, "first")
    second = propose(swarm, "scribe", {"notes.md": "the second\n"}, "second", onto=first.commit)
    review(page, second.id)
    expect(page.get_by_test_id("file")).to_have_count(2)
    for box in page.get_by_test_id("viewed-box").all():
        box.check()
    hashed = call(swarm, "operator", approvals.DIFF, approvals.DiffRequest(id=first.id)).hash
    item = approvals.DecisionItem(id=first.id, hash=hashed)
    call(swarm, "operator", approvals.DECIDE, approvals.DecideRequest(decision="approve", items=[item]))  # type: ignore[arg-type]  # its string
    page.goto("/decisions?view=approvals&tab=history")
    expect(page.get_by_test_id(f"past-{first.id}")).to_have_attribute("data-status", "deployed", timeout=DEPLOY_SECONDS)
    review(page, second.id)
    expect(page.get_by_test_id("changed-banner")).to_be_visible()
    expect(page.get_by_test_id("viewed")).to_have_text("viewed 0 of 1")
    deny_all(swarm)


@pytest.mark.spec("APR-13", door="page")
def test_a_decision_on_what_is_shown_no_longer_is_refused_and_all_is_read_again(page: Page, swarm: RealSwarm) -> None:
    first = propose(swarm, "scribe", {"agent.toml": "# once more, the first\n"}, "first")
    second = propose(swarm, "scribe", {"more.md": "once more, the second\n"}, "second", onto=first.commit)
    review(page, second.id)
    before = page.get_by_test_id("review").get_attribute("data-hash")
    hashed = call(swarm, "operator", approvals.DIFF, approvals.DiffRequest(id=first.id)).hash
    item = approvals.DecisionItem(id=first.id, hash=hashed)
    call(swarm, "operator", approvals.DECIDE, approvals.DecideRequest(decision="approve", items=[item]))  # type: ignore[arg-type]  # its string
    other = page.context.new_page()
    other.goto(f"/decisions?approval={first.id}")
    expect(other.get_by_test_id("resolved")).to_contain_text("deployed", timeout=DEPLOY_SECONDS)
    decide(page, "approve")
    expect(page.get_by_test_id("changed-banner")).to_be_visible()
    expect(page.get_by_test_id("refused")).to_have_attribute("data-code", "changed_since_shown")
    assert before is not None
    expect(page.get_by_test_id("review")).not_to_have_attribute("data-hash", before)
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    assert approval_now(swarm, second.id).status == "pending"
    deny_all(swarm)


@SIZES
@pytest.mark.spec("APR-14", door="page")
def test_several_that_were_seen_are_denied_with_one_reason(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    asked = [propose(swarm, "scribe", {"agent.toml": f"# batch {n} {size['width']}\n"}, f"batch {n}") for n in range(3)]
    page.goto("/decisions?view=waiting")
    for approval in asked:
        expect(page.get_by_test_id(f"approval-{approval.id}").get_by_test_id("select")).to_be_disabled()
    for approval in asked[:2]:
        review(page, approval.id)
    hear_nothing(page)
    page.goto("/decisions?view=waiting")
    for approval in asked[:2]:
        page.get_by_test_id(f"approval-{approval.id}").get_by_test_id("select").check()
    expect(page.get_by_test_id(f"approval-{asked[2].id}").get_by_test_id("select")).to_be_disabled()
    gone = call(swarm, "operator", approvals.DIFF, approvals.DiffRequest(id=asked[1].id)).hash
    page.get_by_test_id("batch-deny").click()
    item = approvals.DecisionItem(id=asked[1].id, hash=gone)
    call(swarm, "operator", approvals.DECIDE, approvals.DecideRequest(decision="deny", items=[item], reason="before"))  # type: ignore[arg-type]  # its string
    page.get_by_test_id("deny-reason").fill("all of\nthem")
    page.get_by_test_id("decide-confirm").click()
    expect(page.get_by_test_id(f"result-{asked[0].id}")).to_have_attribute("data-code", "ok")
    expect(page.get_by_test_id(f"result-{asked[1].id}")).to_have_attribute("data-code", "already_decided")
    page.screenshot(path=evidence / f"batch-{size['width']}.png")
    page.get_by_test_id("decide-close").click()
    notes = [approval_now(swarm, approval.id).note for approval in asked[:2]]
    assert notes == ["all of\nthem", "before"]
    deny_all(swarm)
    page.context.close()


@pytest.mark.spec("APR-5", door="page")
def test_a_huge_diff_is_whole_and_stays_light(page: Page, swarm: RealSwarm) -> None:
    words = "".join(f"line {n} of many, so that there are several pages of it\n" for n in range(15_000))
    asked = propose(swarm, "scribe", {"words.txt": words}, "many lines")
    review(page, asked.id)
    assert page.locator(".dl").count() < 2000
    page.get_by_test_id("lines").first.evaluate("e => e.closest('.page').scrollTop = 1e9")
    expect(page.get_by_text("line 14999 of many", exact=False)).to_be_visible()
    deny_all(swarm)


@pytest.mark.spec("DSH-15", door="page")
@pytest.mark.spec("APR-2", door="page")
def test_an_agent_is_asked_for_beside_the_list_and_refusals_stand_at_their_field(page: Page, swarm: RealSwarm) -> None:
    page.goto("/decisions?view=approvals&tab=pending")
    page.get_by_test_id("request-name").fill("scribe")
    page.get_by_test_id("request-description").fill("It shall do <i>this</i>")
    page.get_by_test_id("request-submit").click()
    expect(page.get_by_test_id("request-name-error")).to_have_attribute("data-code", "name_taken")
    expect(page.get_by_test_id("request-description")).to_have_value("It shall do <i>this</i>")
    page.get_by_test_id("request-name").fill("limpet")
    page.get_by_test_id("request-submit").click()
    link = page.get_by_test_id("requested")
    expect(link).to_be_visible()
    expect(page.get_by_test_id("pending-list")).to_contain_text("limpet")
    expect(page.get_by_test_id("request-name")).to_have_value("")
    link.click()
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")
    expect(page.get_by_test_id("description")).to_have_text("It shall do <i>this</i>")
    expect(page.locator("[data-testid=file][data-path='agent.nix']")).to_be_visible()
    decide(page, "deny", "only a test")
    expect(page.get_by_test_id("resolved")).to_contain_text("denied")


@pytest.mark.spec("APR-9", door="page")
@pytest.mark.spec("DSH-15", door="page")
def test_a_draft_is_listed_and_discarded(page: Page, swarm: RealSwarm) -> None:
    page.goto("/decisions?view=approvals&tab=pending")
    request = approvals.DraftRequest(name="whelk", key="whelk-1")
    call(swarm, "manager", approvals.REQUEST_SPAWN_DRAFT, request)
    draft = page.get_by_test_id("draft-whelk")
    expect(draft).to_contain_text("manager")
    draft.get_by_test_id("discard").click()
    expect(page.get_by_test_id("discard-dialog")).to_contain_text("can't be undone")
    page.get_by_test_id("discard-confirm").click()
    expect(draft).to_have_count(0)
    assert call(swarm, "operator", approvals.DRAFTS, Empty()).drafts == []

"""Questions on the page of a real swarm: answering, holding the deadline, expiry, cancelling, two tabs."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, log_in
from tests.browser.layout import is_too_wide
from tests.browser.members import ask, question_now
from tests.browser.streams import hear_nothing
from tests.swarm import RealSwarm

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("decisions")]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def card(page: Page, number: int) -> Locator:
    """A question's card."""
    return page.get_by_test_id(f"question-{number}")


@SIZES
@pytest.mark.spec("ASK-2", door="page")
@pytest.mark.spec("ASK-4", door="page")
@pytest.mark.spec("DSH-14", door="page")
def test_a_question_is_answered_by_options_and_words(
    browser: Browser, swarm: RealSwarm, size: dict[str, int], evidence: Path
) -> None:
    page = log_in(browser, swarm, size)
    page.goto("/decisions?view=waiting")
    text = "Which **agents** may I stop? <img src=x onerror=\"document.title='owned'\">"
    asked = ask(swarm, text, options=["scout", "scribe", "none <b>"], multi=True)
    shown = card(page, asked.id)
    expect(shown).to_contain_text("scout")
    expect(shown.locator("strong")).to_have_text("agents")
    expect(shown.locator("img")).to_have_count(0)
    boxes = shown.get_by_test_id("option")
    expect(boxes).to_have_count(3)
    expect(boxes.first).to_have_attribute("type", "checkbox")
    expect(shown.get_by_test_id("answer-send")).to_be_disabled()
    boxes.nth(2).check()
    boxes.nth(0).check()
    shown.get_by_test_id("answer-text").fill("but not tonight")
    assert not is_too_wide(page)
    page.screenshot(path=evidence / f"question-{size['width']}.png")
    shown.get_by_test_id("answer-send").click()
    expect(shown.get_by_test_id("ending")).to_contain_text("scout, none <b>, but not tonight")
    stored = question_now(swarm, asked.id)
    assert (stored.outcome, stored.answer, stored.answerer) == (
        "answered", "scout, none <b>, but not tonight", "operator",
    )  # fmt: skip
    shown.get_by_test_id("put-away").click()
    expect(shown).to_have_count(0)
    page.context.close()


@pytest.mark.spec("ASK-2", door="page")
def test_one_option_of_several_is_a_radio_button_and_may_be_taken_back(page: Page, swarm: RealSwarm) -> None:
    page.goto("/decisions?view=questions")
    asked = ask(swarm, "One of two?", options=["left", "right"])
    shown = card(page, asked.id)
    buttons = shown.get_by_test_id("option")
    expect(buttons.first).to_have_attribute("type", "radio")
    buttons.nth(0).check()
    buttons.nth(1).check()
    expect(buttons.nth(0)).not_to_be_checked()
    shown.get_by_role("button", name="Choose none").click()
    expect(buttons.nth(1)).not_to_be_checked()
    shown.get_by_test_id("answer-text").fill("neither")
    shown.get_by_test_id("answer-send").click()
    expect(shown.get_by_test_id("ending")).to_contain_text("neither")
    assert question_now(swarm, asked.id).answer == "neither"


@pytest.mark.spec("DSH-3", door="page")
@pytest.mark.spec("DSH-14", door="page")
def test_an_answer_in_the_making_survives_new_data_and_a_reload(page: Page, swarm: RealSwarm) -> None:
    page.goto("/decisions")
    asked = ask(swarm, "What is it called?", options=["this", "that"])
    words = card(page, asked.id).get_by_test_id("answer-text")
    words.fill("half an ans")
    words.focus()
    card(page, asked.id).get_by_test_id("option").nth(1).check()
    words.focus()
    other = ask(swarm, "And this one?")
    expect(card(page, other.id)).to_be_visible()
    expect(page.get_by_test_id("nav-decisions").first.locator(".badge")).to_be_visible()
    expect(words).to_be_focused()
    expect(words).to_have_value("half an ans")
    page.reload()
    expect(words).to_have_value("half an ans")
    expect(card(page, asked.id).get_by_test_id("option").nth(1)).to_be_checked()
    for number in (asked.id, other.id):
        card(page, number).get_by_test_id("question-cancel").click()
        page.get_by_test_id("cancel-confirm").click()
        expect(card(page, number).get_by_test_id("ending")).to_be_visible()


@SIZES
@pytest.mark.spec("ASK-7", door="page")
def test_typing_holds_the_deadline_and_says_so(browser: Browser, swarm: RealSwarm, size: dict[str, int]) -> None:
    page = log_in(browser, swarm, size)
    page.goto("/decisions?view=waiting")
    asked = ask(swarm, "Quick: yes or no?", options=["yes", "no"], ttl=20)
    assert asked.deadline is not None
    shown = card(page, asked.id)
    expect(shown.get_by_test_id("left")).to_be_visible()
    shown.get_by_test_id("answer-text").press_sequentially("I am still thi")
    expect(shown.get_by_test_id("hold")).to_contain_text("Held while you write")
    held = question_now(swarm, asked.id)
    assert held.deadline is not None
    assert held.deadline > asked.deadline
    shown.get_by_test_id("answer-send").click()
    expect(shown.get_by_test_id("ending")).to_contain_text("I am still thi")
    page.context.close()


@pytest.mark.spec("ASK-7", door="page")
def test_the_time_left_ticks_and_what_expires_is_no_answer(page: Page, swarm: RealSwarm) -> None:
    page.goto("/decisions?view=waiting")
    asked = ask(swarm, "Nobody answers this", options=["one", "two"], ttl=6)
    shown = card(page, asked.id)
    left = shown.get_by_test_id("left")
    before = left.inner_text()
    expect(left).not_to_have_text(before)
    ending = shown.get_by_test_id("ending")
    expect(ending).to_contain_text("No answer: expired")
    expect(ending).not_to_contain_text("one")
    expect(shown.get_by_test_id("answer-form")).to_have_count(0)
    stored = question_now(swarm, asked.id)
    assert (stored.outcome, stored.answer, stored.answerer) == ("expired", "[expired]", "ttl-watchdog")
    page.goto("/decisions?view=questions")
    expect(page.get_by_test_id(f"ended-{asked.id}")).to_contain_text("No answer: expired")


@SIZES
@pytest.mark.spec("ASK-6", door="page")
def test_cancelling_says_what_the_asker_will_see(browser: Browser, swarm: RealSwarm, size: dict[str, int]) -> None:
    page = log_in(browser, swarm, size)
    page.goto("/decisions?view=questions")
    asked = ask(swarm, "To be cancelled")
    card(page, asked.id).get_by_test_id("question-cancel").click()
    dialog = page.get_by_test_id("cancel-dialog")
    expect(dialog).to_contain_text("[cancelled]")
    expect(dialog).to_contain_text("scout")
    assert question_now(swarm, asked.id).outcome is None
    page.get_by_test_id("cancel-confirm").click()
    expect(card(page, asked.id).get_by_test_id("ending")).to_contain_text("No answer: cancelled")
    assert question_now(swarm, asked.id).answer == "[cancelled]"
    page.context.close()


@pytest.mark.spec("ASK-5", door="page")
def test_an_answer_that_comes_too_late_shows_the_first_one(page: Page, browser: Browser, swarm: RealSwarm) -> None:
    asked = ask(swarm, "Who is first?")
    late = log_in(browser, swarm, DESKTOP)
    hear_nothing(late)
    late.goto("/decisions?view=questions")
    late_card = card(late, asked.id)
    late_card.get_by_test_id("answer-text").fill("the second")
    page.goto("/decisions?view=questions")
    card(page, asked.id).get_by_test_id("answer-text").fill("the first")
    card(page, asked.id).get_by_test_id("answer-send").click()
    expect(card(page, asked.id).get_by_test_id("ending")).to_contain_text("the first")
    late_card.get_by_test_id("answer-send").click()
    expect(late_card.get_by_test_id("ending")).to_contain_text("the first")
    expect(late_card.get_by_test_id("unsent")).to_contain_text("the second")
    assert question_now(swarm, asked.id).answer == "the first"
    late.context.close()


@pytest.mark.spec("ASK-4", door="page")
def test_a_question_between_agents_stays_out_of_the_queue_but_may_be_answered(page: Page, swarm: RealSwarm) -> None:
    asked = ask(swarm, "Between us agents 5151", by="scout", to="scribe")
    page.goto("/decisions?view=questions")
    expect(page.get_by_test_id("decisions")).to_be_visible()
    expect(page.get_by_test_id("questions").get_by_test_id(f"question-{asked.id}")).to_have_count(0)
    page.get_by_test_id("between-open").click()
    shown = page.get_by_test_id("between").get_by_test_id(f"question-{asked.id}")
    expect(shown).to_contain_text("Asked of scribe")
    shown.get_by_test_id("answer-text").fill("from above")
    shown.get_by_test_id("answer-send").click()
    expect(shown.get_by_test_id("ending")).to_contain_text("from above")
    stored = question_now(swarm, asked.id)
    assert (stored.answer, stored.answerer) == ("from above", "operator")

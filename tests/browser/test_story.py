"""The operator's story: log in, write to an agent, watch it work, read its answer."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hive_kit.swarm import SwarmConfig
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import DESKTOP, log_in
from tests.swarm import RealSwarm, kill

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def compose_box(page: Page) -> Locator:
    """Where messages are written."""
    return page.get_by_test_id("compose-body")


def compose(page: Page, text: str) -> None:
    """Write into the compose box and send."""
    box = compose_box(page)
    box.fill(text)
    box.press("Enter")
    expect(box).to_have_value("")


def message_with(page: Page, text: str) -> Locator:
    """The messages in the flow that hold a text."""
    return page.get_by_test_id("flow").get_by_test_id("message").filter(has_text=text)


def script(config: SwarmConfig, agent: str, *turns: list[dict[str, Any]]) -> None:
    """Tell the scripted model what an agent's next turns do: the steps of each."""
    url = f"http://127.0.0.1:{config.ports.demo}/control/agents/{agent}/script"
    body = json.dumps({"scripts": [{"steps": steps} for steps in turns]}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PUT")
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.spec("MSG-1", door="page")
@pytest.mark.spec("DSH-17", door="page")
@pytest.mark.spec("AGT-2", door="page")
@pytest.mark.spec("AGT-3", door="page")
@pytest.mark.spec("LIV-1", door="page")
@pytest.mark.spec("MSG-15", door="page")
def test_the_operator_writes_to_scout_and_watches_it_answer(page: Page, evidence: Path) -> None:
    terminal = page.context.new_page()
    terminal.goto("/a/scout")
    expect(terminal.get_by_test_id("terminal")).to_be_visible()
    page.goto("/messages")
    compose(page, "@scout find out what day it is, mark 4711")
    sent = message_with(page, "find out what day it is, mark 4711").first
    expect(sent).to_contain_text("scout")

    turn = terminal.get_by_test_id("turn-started").last
    expect(turn).to_be_visible()
    tools = terminal.get_by_test_id("tool")
    expect(tools.filter(has_text="Bash").last).to_be_visible()
    expect(tools.filter(has_text="operator").last).to_be_visible()
    said = terminal.get_by_test_id("row").filter(has_text="operator").filter(has_text="mark 4711")
    expect(said.last).to_be_visible()
    expect(terminal.get_by_test_id("turn-ended").last).to_be_visible()

    answer = message_with(page, "I looked into").filter(has_text="mark 4711")
    expect(answer).to_have_count(1)
    expect(sent.get_by_test_id("receipt")).to_contain_text("acked")
    expect(answer.get_by_test_id("receipt")).to_contain_text("shown")
    page.screenshot(path=evidence / "messages-desktop.png")
    terminal.screenshot(path=evidence / "agent-desktop.png")


@pytest.mark.spec("DSH-17", door="page")
def test_an_at_name_completes_and_redirects_and_the_recipient_sticks(page: Page) -> None:
    page.goto("/messages")
    box = compose_box(page)
    box.press_sequentially("@scr")
    expect(page.get_by_test_id("completion")).to_contain_text("scribe")
    box.press("Tab")
    box.press_sequentially("only a note, nothing to do 8151")
    box.press("Enter")
    expect(message_with(page, "only a note, nothing to do 8151").first).to_contain_text("scribe")
    expect(page.get_by_test_id("compose-to")).to_contain_text("scribe")


@pytest.mark.spec("MSG-2", door="page")
def test_a_send_whose_answer_was_lost_is_sent_again_without_doubling(page: Page) -> None:
    page.goto("/messages")
    cuts: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method == "POST" and not cuts:
            cuts.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route("**/api/messages", lose_the_first_answer)
    box = compose_box(page)
    box.fill("@operator sent twice, stored once 4242")
    box.press("Enter")
    expect(page.get_by_test_id("compose").get_by_test_id("error")).to_be_visible()
    expect(box).to_have_value("@operator sent twice, stored once 4242")
    box.press("Enter")
    expect(box).to_have_value("")
    expect(message_with(page, "sent twice, stored once 4242")).to_have_count(1)
    assert len(cuts) == 1


@pytest.mark.spec("MSG-16", door="page")
def test_a_dead_message_is_retried_or_dismissed_from_the_page(page: Page, swarm: RealSwarm) -> None:
    refused = {"error": {"status": 400, "type": "invalid_request_error", "message": "the model can't read this"}}
    script(swarm.config, "manager", *[[refused]] * 5)
    page.goto("/messages")
    compose(page, "@manager nobody can handle this 8080")
    dead = page.get_by_test_id("list-dead").get_by_test_id("message").filter(has_text="nobody can handle this 8080")
    expect(dead).to_be_visible(timeout=60_000)
    dead.get_by_test_id("dead-retry").click()
    sent = message_with(page, "nobody can handle this 8080").first
    expect(sent.get_by_test_id("receipt")).to_contain_text("acked")
    expect(dead).to_have_count(0)


@pytest.mark.spec("MSG-14", door="page")
def test_a_thread_can_be_followed(page: Page) -> None:
    page.goto("/messages")
    compose(page, "@manager thread question 2222")
    answer = message_with(page, "thread question 2222").filter(has_text="Hello").last
    expect(answer).to_be_visible()
    answer.hover()
    answer.get_by_test_id("see-thread").click()
    thread = page.get_by_test_id("thread")
    expect(thread.get_by_test_id("message")).to_have_count(2)


@pytest.mark.spec("DSH-4", door="page")
@pytest.mark.spec("WAT-3", door="page")
@pytest.mark.spec("LIF-1", door="page")
def test_what_the_cli_does_shows_at_once(page: Page, swarm: RealSwarm) -> None:
    tile = page.get_by_test_id("tile-scribe")
    expect(tile.get_by_test_id("container-state")).to_contain_text("running")
    swarm.ask("stop", "scribe", "--wait")
    expect(tile.get_by_test_id("container-state")).to_contain_text("stopped")
    tile.get_by_test_id("start").click()
    expect(tile.get_by_test_id("container-state")).to_contain_text("running")
    assert swarm.ask("list")["agents"]


@pytest.mark.spec("DSH-3", door="page")
def test_fresh_data_leaves_typed_text_focus_and_place_alone(page: Page, swarm: RealSwarm) -> None:
    page.goto("/messages")
    box = compose_box(page)
    box.fill("half a thought")
    box.focus()
    swarm.ask("send", "operator", "from the command line 3333")
    expect(message_with(page, "from the command line 3333")).to_be_visible()
    expect(box).to_have_value("half a thought")
    expect(box).to_be_focused()
    page.reload()
    expect(compose_box(page)).to_have_value("half a thought")
    compose_box(page).fill("")


@pytest.mark.spec("DSH-1", door="page")
@pytest.mark.spec("DSH-2", door="page")
def test_a_killed_dashboard_costs_the_page_nothing(page: Page, swarm: RealSwarm) -> None:
    page.goto("/messages")
    swarm.ask("send", "operator", "before the cut 5555")
    expect(message_with(page, "before the cut 5555")).to_have_count(1)
    before = swarm.services()["dashboard"]
    kill(before)
    swarm.ask("send", "operator", "during the cut 6666")
    expect(message_with(page, "during the cut 6666")).to_have_count(1)
    expect(page.get_by_test_id("connection")).to_contain_text("live")
    assert swarm.services()["dashboard"] != before
    swarm.ask("send", "operator", "after the cut 7777")
    expect(message_with(page, "after the cut 7777")).to_have_count(1)
    expect(message_with(page, "before the cut 5555")).to_have_count(1)


@pytest.mark.spec("TRN-5", door="page")
@pytest.mark.spec("AGT-6", door="page")
@pytest.mark.spec("TRN-4", door="page")
def test_a_turn_is_cancelled_and_its_mail_dismissed_or_retried(page: Page, swarm: RealSwarm) -> None:
    slow = {"text": "a long thought", "delay": 60}
    script(swarm.config, "manager", [slow])
    page.goto("/a/manager")
    page.get_by_test_id("prompt").locator("textarea").fill("think for long")
    page.get_by_test_id("prompt").locator("textarea").press("Enter")
    state = page.get_by_test_id("agent-state")
    expect(state).to_contain_text("thinking")
    page.get_by_test_id("cancel").click()
    card = page.get_by_test_id("cancelled-card")
    expect(card).to_be_visible()
    script(swarm.config, "manager", [{"text": "a second, quick answer 9191"}])
    card.get_by_test_id("retry-turn").click()
    expect(page.get_by_test_id("terminal")).to_contain_text("a second, quick answer 9191")
    expect(state).to_contain_text("idle")


@pytest.mark.spec("AGT-5", door="page")
def test_slash_commands_act_and_plain_text_is_mail(page: Page) -> None:
    page.goto("/a/scribe")
    prompt = page.get_by_test_id("prompt").locator("textarea")
    prompt.fill("/help")
    prompt.press("Enter")
    expect(page.get_by_test_id("prompt-said")).to_contain_text("/compact")
    prompt.fill("/model claude-haiku-4-5")
    prompt.press("Enter")
    expect(page.get_by_test_id("chip-model")).to_contain_text("haiku")
    prompt.fill("/nonsense")
    prompt.press("Enter")
    expect(page.get_by_test_id("prompt-said")).to_contain_text("/nonsense")


@pytest.mark.spec("AGT-4", door="page")
def test_nothing_an_agent_writes_runs_or_loads_anything(page: Page, swarm: RealSwarm) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hostile = (
        "mark-1313 <img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\"> "
        "<script>document.title='owned'</script> [link](javascript:document.title='owned') "
        "![pixel](http://127.0.0.1:9/pixel.png) <form action=/api/logout><button>b</button></form>"
    )
    page.goto("/messages")
    swarm.ask("send", "operator", hostile)
    message = message_with(page, "mark-1313")
    expect(message).to_be_visible()
    expect(message.locator("img, script, form, iframe")).to_have_count(0)
    for link in message.locator("a").all():
        assert not (link.get_attribute("href") or "").startswith("javascript")
    assert "owned" not in page.title()
    assert [url for url in asked if ":9/" in url] == []


@pytest.mark.spec("LIF-1", door="page")
@pytest.mark.spec("PRT-2", door="page")
def test_an_agent_is_spawned_and_destroyed_from_the_page(page: Page, swarm: RealSwarm) -> None:
    page.get_by_test_id("spawn-open").click()
    page.get_by_test_id("spawn-name").fill("operator")
    page.get_by_test_id("spawn-submit").click()
    expect(page.get_by_test_id("spawn-form")).to_contain_text("reserved_name")
    page.get_by_test_id("spawn-name").fill("kelp")
    page.get_by_test_id("spawn-submit").click()
    tile = page.get_by_test_id("tile-kelp")
    expect(tile.get_by_test_id("agent-state")).to_contain_text("idle")
    expect(tile.get_by_test_id("container-state")).to_contain_text("running")
    tile.get_by_test_id("more").click()
    page.get_by_test_id("destroy").click()
    page.get_by_test_id("destroy-confirm").fill("kelp")
    page.get_by_test_id("destroy-submit").click()
    expect(tile).to_have_count(0)
    assert [agent["name"] for agent in swarm.ask("list")["agents"] if agent["name"] == "kelp"] == []


@pytest.mark.spec("AGT-1", door="page")
def test_the_header_says_what_is_true_and_each_chip_explains_itself(page: Page) -> None:
    page.goto("/a/scout")
    expect(page.get_by_test_id("agent-name")).to_have_text("scout")
    for chip in ("model", "ctx", "cost", "last-turn"):
        assert page.get_by_test_id(f"chip-{chip}").get_attribute("data-tip"), chip
    page.get_by_test_id("back").click()
    expect(page.get_by_test_id("fleet")).to_be_visible()


def test_the_login_code_works_once(browser: Browser, swarm: RealSwarm) -> None:
    address = swarm.ask("open")["address"]
    first = browser.new_context()
    page = first.new_page()
    page.goto(address)
    expect(page.get_by_test_id("fleet")).to_be_visible()
    assert "#" not in page.url
    second = browser.new_context()
    stranger = second.new_page()
    stranger.goto(address)
    expect(stranger.get_by_test_id("login")).to_contain_text("bad_login_code")
    stranger.goto(swarm.config.dashboard_url)
    expect(stranger.get_by_test_id("login")).to_be_visible()
    first.close()
    second.close()


def test_the_pages_fit_a_phone(phone: Page, evidence: Path) -> None:
    for name, path in (("fleet", "/"), ("messages", "/messages"), ("agent", "/a/scout")):
        phone.goto(path)
        expect(phone.get_by_test_id("connection")).to_contain_text("live")
        wide = phone.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, name
        phone.screenshot(path=evidence / f"{name}-phone.png")


def test_two_browsers_see_the_same(page: Page, browser: Browser, swarm: RealSwarm) -> None:
    other = log_in(browser, swarm, DESKTOP)
    page.goto("/messages")
    other.goto("/messages")
    compose(page, "@manager seen by both 1717")
    expect(message_with(other, "seen by both 1717").first).to_be_visible()
    other.context.close()

"""The story of decisions: the manager drafts, commits and asks; the operator reads, decides; git keeps the record."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, log_in
from tests.swarm import RealSwarm, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("story of decisions")]

DEPLOY_SECONDS = 120


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwarm]:
    """A swarm with the scripted model and nobody but the manager."""
    running = RealSwarm(
        tmp_path_factory.mktemp("decisions") / "state", demo=True, settings={"retry_base_seconds": "0.2"}
    )
    running.up()
    yield running
    running.down()


class Story:
    """What the manager does, by script, and what can be seen of it from outside."""

    def __init__(self, swarm: RealSwarm) -> None:
        self.swarm = swarm

    def plan(self, agent: str, *steps: dict[str, Any]) -> None:
        """An agent's next turn takes these steps."""
        url = f"http://127.0.0.1:{self.swarm.config.ports.demo}/control/agents/{agent}/script"
        body = json.dumps({"scripts": [{"steps": list(steps)}]}).encode()
        request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def turn(self, agent: str, *steps: dict[str, Any]) -> None:
        """Write to an agent; its next turn takes these steps."""
        self.plan(agent, *steps)
        self.swarm.ask("send", agent, "go on")

    def git(self, kind: str, *arguments: str) -> str:
        """The real git, on the analyst's proposed or applied repository."""
        folder = self.swarm.state / "config" / kind / "analyst"
        command = ["git", "-c", "safe.directory=*", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, toml: str, message: str) -> str:
        """The manager writes agent.toml and commits it, with git in its own Bash; returns the commit."""
        before = self.git("proposed", "rev-parse", "HEAD")
        sandboxed = self.swarm.ask("list")["capabilities"]["sandboxed"]
        proposed = "/config/proposed" if sandboxed else f"{self.swarm.state}/config/proposed"
        written = f"cat > agent.toml <<'END'\n{toml}\nEND\n"
        script = f"cd {proposed}/analyst && {written}git add agent.toml && git commit -qm '{message}'"
        self.turn("manager", {"tools": [{"name": "Bash", "input": {"command": script}}]})
        return until(lambda: self.git("proposed", "rev-parse", "HEAD"), lambda head: head != before, 60)

    def mail_of(self, agent: str) -> list[dict[str, Any]]:
        """An agent's last messages."""
        return self.swarm.ask("inbox", agent)["messages"]

    def told(self, agent: str, event: str, /, **facts: object) -> dict[str, Any]:
        """Wait until a helper event lies in an agent's inbox, acked."""

        def look() -> dict[str, Any] | None:
            for message in self.mail_of(agent):
                if message["kind"] == "system" and message["state"] == "acked" and message["body"].startswith("{"):
                    told = json.loads(message["body"])
                    if told["event"] == event and all(told.get(key) == value for key, value in facts.items()):
                        return told
            return None

        found = until(look, seconds=DEPLOY_SECONDS)
        assert found is not None
        return found


def tool(called: str, /, **arguments: object) -> dict[str, Any]:
    """A step that calls one of hyperhive's tools."""
    return {"tools": [{"name": f"mcp__hyperhive__{called}", "input": arguments}]}


def pending(swarm: RealSwarm) -> int:
    """The one approval that waits."""
    waiting = until(lambda: [a for a in swarm.ask("pending")["approvals"] if a["status"] == "pending"], bool)
    assert len(waiting) == 1
    return int(waiting[0]["id"])


def read(page: Page, number: int) -> None:
    """Open an approval from the queue and wait until every line of it is there."""
    page.goto("/decisions?view=waiting")
    page.get_by_test_id(f"approval-{number}").get_by_test_id("open-approval").click()
    expect(page.get_by_test_id("review")).to_have_attribute("data-complete", "true")


def decide(page: Page, decision: str, reason: str | None = None) -> None:
    """Decide on what is open."""
    page.get_by_test_id(decision).click()
    if reason is not None:
        page.get_by_test_id("deny-reason").fill(reason)
    page.get_by_test_id("decide-confirm").click()


@pytest.mark.spec("APR-6", door="page")
@pytest.mark.spec("APR-7", door="page")
@pytest.mark.spec("APR-9", door="mcp")
@pytest.mark.spec("APR-3", door="mcp")
@pytest.mark.spec("ASK-3", door="mcp")
@pytest.mark.spec("DSH-15", door="page")
def test_the_manager_asks_the_operator_decides_and_git_tells_the_same_story(
    browser: Browser, swarm: RealSwarm, evidence: Path
) -> None:
    page = log_in(browser, swarm, DESKTOP)
    story = Story(swarm)

    # A draft is written, committed and asked for; what is shown is what was written; the agent comes up with it.
    story.turn("manager", tool("request_spawn_draft", name="analyst"))
    until(lambda: swarm.ask("drafts")["drafts"])
    first = story.commit('[prompt]\nappend = "You count whales, MARK-7."', "analyst: count whales")
    story.turn("manager", tool("request_spawn_commit", name="analyst", commit=first, description="We need a counter."))
    spawn = pending(swarm)
    read(page, spawn)
    expect(page.get_by_test_id("review")).to_contain_text("We need a counter.")
    expect(page.locator("[data-kind=add]").filter(has_text="You count whales, MARK-7.")).to_have_count(1)
    page.screenshot(path=evidence / "story-review.png")
    decide(page, "approve")
    story.told("manager", "approval_resolved", id=spawn, status="approved")
    story.told("manager", "spawned", agent="analyst", ok=True)
    until(lambda: story.git("applied", "rev-parse", "main"), lambda head: head == first)
    assert "MARK-7" in (swarm.state / "agents" / "analyst" / "run" / "settings.json").read_text()

    # The new agent answers a question of the manager.
    question = 1
    story.plan("analyst", tool("answer", id=question, answer="Eleven."))
    story.turn("manager", tool("ask", to="analyst", question="How many whales?"))
    told = story.told("manager", "question_answered", id=question)
    assert (told["answer"], told["answerer"]) == ("Eleven.", "analyst")

    # A commit that breaks it is approved and rolled back; both sides are told why.
    broken = story.commit('[[mounts]]\nhost = "/no/such/place"\nat = "/data"', "analyst: mount what is not there")
    story.turn("manager", tool("request_apply_commit", agent="analyst", commit=broken[:10], description="More data."))
    breaking = pending(swarm)
    read(page, breaking)
    decide(page, "approve")
    failed = story.told("manager", "approval_resolved", id=breaking, status="failed")
    assert "/no/such/place" in failed["note"]
    page.goto("/decisions?view=approvals&tab=history")
    past = page.get_by_test_id(f"past-{breaking}")
    expect(past).to_contain_text("/no/such/place")
    page.screenshot(path=evidence / "story-history.png")
    analyst = next(a for a in swarm.ask("list")["agents"] if a["name"] == "analyst")
    assert (analyst["container"], analyst["revision"]) == ("running", first[:12])

    # A third is denied with a reason that the manager reads.
    third = story.commit('model = "claude-opus-4-1"', "analyst: a larger model")
    story.turn("manager", tool("request_apply_commit", agent="analyst", commit=third, description="It is slow."))
    denied = pending(swarm)
    read(page, denied)
    decide(page, "deny", "Too expensive.\nAsk again in May.")
    assert story.told("manager", "approval_resolved", id=denied)["note"] == "Too expensive.\nAsk again in May."

    # Git tells the same story.
    tags = until(
        lambda: set(story.git("applied", "tag").split()),
        lambda names: {f"failed/{breaking}", f"denied/{denied}"} <= names,
    )
    assert tags == {
        "deployed/0",
        *(f"{step}/{spawn}" for step in ("proposal", "approved", "building", "deployed")),
        *(f"{step}/{breaking}" for step in ("proposal", "approved", "building", "failed")),
        *(f"{step}/{denied}" for step in ("proposal", "denied")),
    }
    assert "/no/such/place" in story.git("applied", "tag", "-l", "-n99", f"failed/{breaking}")
    assert story.git("applied", "for-each-ref", "--format=%(contents)", f"refs/tags/denied/{denied}").strip() == (
        "Too expensive.\nAsk again in May."
    )
    assert story.git("applied", "branch", "--list", "--format=%(refname:short)") == "main"
    log = story.git("applied", "log", "--all", "--decorate", "--oneline")
    assert f"tag: deployed/{spawn}" in log
    assert story.git("applied", "rev-parse", "main") == first

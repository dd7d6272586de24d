"""Approvals on the page: seeing what is proposed, deciding on exactly that, and what was decided. Real services."""

import asyncio
from typing import Any

import pytest
from hive_kit.testing import eventually
from hive_wire import approvals, lifecycle
from hive_wire.approvals import ApplyCommitRequest, DraftRequest
from hive_wire.lifecycle import DeployProgress


async def propose(deciding: Any, agent: str = "coder", files: dict[str, str] | None = None) -> int:
    """The manager proposes a commit of an agent that is there; returns the approval's id."""
    if agent not in deciding.lifecycle.views:
        await deciding.configured(agent)
    commit = deciding.commit(agent, files or {"notes.md": "a note\n"})
    manager = await deciding.nats.bus("manager")
    request = ApplyCommitRequest(agent=agent, commit=commit, description="why\nso", key=commit)
    return (await manager.call(approvals.REQUEST_APPLY_COMMIT, request)).id


async def shown(page: Any, number: int) -> str:
    """The hash of what the page shows."""
    return (await page.get(f"/api/approvals/{number}/diff")).json()["hash"]


async def decide(page: Any, decision: str, *items: tuple[int, str], **reason: str) -> list[dict[str, Any]]:
    form = {"decision": decision, "items": [{"id": n, "hash": hash} for n, hash in items], **reason}
    answer = await page.post("/api/approvals/decide", form)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def waiting(page: Any) -> list[int]:
    return [approval["id"] for approval in (await page.snapshot())["approvals"]]


@pytest.mark.spec("APR-5", door="http")
async def test_the_whole_diff_comes_in_pages(deciding: Any) -> None:
    lines = [f"line {n} " + "x" * 300 for n in range(9000)]
    files = {f"{n}.md": "\n".join(lines[n * 3000 : (n + 1) * 3000]) + "\n" for n in range(3)}
    number = await propose(deciding, files=files)
    page = await deciding.page()
    text, cursor, hashes, pages = "", None, set(), 0
    while cursor or not pages:
        query = f"?cursor={cursor}" if cursor else ""
        part = (await page.get(f"/api/approvals/{number}/diff{query}")).json()
        text += "".join(piece["text"] for piece in part["parts"])
        hashes.add(part["hash"])
        cursor, pages = part["next"], pages + 1
    assert pages > 1
    assert len(hashes) == 1
    assert [line[1:] for line in text.splitlines() if line.startswith("+line")] == lines
    assert (part["files"], part["additions"], part["deletions"]) == (3, 9000, 0)


async def test_an_approval_that_is_not_there_is_not_found(deciding: Any) -> None:
    page = await deciding.page()
    for path in ("/api/approvals/7", "/api/approvals/7/diff"):
        answer = await page.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    (result,) = await decide(page, "approve", (7, "hash"))
    assert (result["ok"], result["code"], result["approval"]) == (False, "not_found", None)


@pytest.mark.spec("APR-13", door="http")
async def test_only_what_was_shown_is_decided(deciding: Any) -> None:
    number = await propose(deciding)
    page = await deciding.page()
    good = await shown(page, number)
    for decision in ("approve", "deny"):
        (result,) = await decide(page, decision, (number, good[:-1] + ("0" if good[-1] != "0" else "1")))
        assert (result["ok"], result["code"], result["approval"]["status"]) == (False, "changed_since_shown", "pending")
    (result,) = await decide(page, "approve", (number, good))
    assert (result["ok"], result["approval"]["status"], result["code"]) == (True, "approved", None)


@pytest.mark.spec("APR-8", door="http")
@pytest.mark.spec("DSH-4", door="http")
async def test_two_browsers_that_decide_at_once_resolve_it_once(deciding: Any) -> None:
    number = await propose(deciding)
    one, other, third = await deciding.page(), await deciding.page(), await deciding.page()
    await eventually(lambda: waiting(third), lambda ids: ids == [number])
    item = (number, await shown(one, number))
    async with third.events((await third.snapshot())["position"]) as events:
        (first,), (second,) = await asyncio.gather(decide(one, "approve", item), decide(other, "deny", item))
        told = (await events.kind("approval")).data["approval"]
    assert sorted([first["ok"], second["ok"]]) == [False, True]
    won, lost = (first, second) if first["ok"] else (second, first)
    assert told["status"] == won["approval"]["status"]
    assert (lost["code"], lost["approval"]["decided_by"]) == ("already_decided", "operator")
    assert lost["approval"]["decided_at"] == won["approval"]["decided_at"]
    verdict = "approved" if won is first else "denied"
    assert verdict in lost["message"]
    assert "operator" in lost["message"]


@pytest.mark.spec("APR-14", door="http")
async def test_several_are_decided_at_once_with_a_result_for_each(deciding: Any) -> None:
    numbers = [await propose(deciding, agent) for agent in ("coder", "scribe", "tester")]
    page = await deciding.page()
    items = [(number, await shown(page, number)) for number in numbers]
    await decide(page, "deny", items[1])
    results = await decide(page, "deny", *items, (99, "none"), reason="not\nnow")
    assert [(result["id"], result["ok"], result["code"]) for result in results] == [
        (numbers[0], True, None),
        (numbers[1], False, "already_decided"),
        (numbers[2], True, None),
        (99, False, "not_found"),
    ]
    notes = [result["approval"] and result["approval"]["note"] for result in results]
    assert (notes[0], notes[2]) == ("not\nnow", "not\nnow")
    await eventually(lambda: waiting(page), lambda ids: ids == [])


@pytest.mark.spec("APR-10", door="http")
async def test_history_is_paged_from_the_last_resolved(deciding: Any) -> None:
    numbers = [await propose(deciding, agent) for agent in ("coder", "scribe", "tester")]
    page = await deciding.page()
    before = (await page.get("/api/approvals/history")).json()["total"]
    for number in (numbers[1], numbers[0], numbers[2]):
        await decide(page, "deny", (number, await shown(page, number)), reason=f"no to {number}\nnot now")
    first = (await page.get("/api/approvals/history?limit=2")).json()
    assert [row["id"] for row in first["approvals"]] == [numbers[2], numbers[0]]
    assert [row["status"] for row in first["approvals"]] == ["denied", "denied"]
    assert first["approvals"][0]["note"] == f"no to {numbers[2]}\nnot now"
    assert (first["total"], first["more"]) == (before + 3, True)
    second = (await page.get(f"/api/approvals/history?limit=2&before={first['before']}")).json()
    assert second["approvals"][0]["id"] == numbers[1]
    everything = (await page.get("/api/approvals/history")).json()
    assert len(everything["approvals"]) == before + 3
    await eventually(page.snapshot, lambda snapshot: snapshot["approvals_resolved"] == before + 3)


@pytest.mark.spec("DSH-15", door="http")
async def test_an_approval_goes_its_way_on_the_page_and_survives_a_restart(deciding: Any) -> None:
    number = await propose(deciding)
    page = await deciding.page()
    await eventually(lambda: waiting(page), lambda ids: ids == [number])
    async with page.events((await page.snapshot())["position"]) as events:
        await decide(page, "approve", (number, await shown(page, number)))
        decided = (await events.kind("approval")).data["approval"]
        assert (decided["status"], decided["decided_by"]) == ("approved", "operator")
        progress = DeployProgress(approval=number, agent="coder", commit=decided["commit"])
        await events.kind("approval")  # released: only then lifecycle may speak
        await deciding.lifecycle.emit(lifecycle.DEPLOY_STARTED, progress)
        assert (await events.kind("approval")).data["approval"]["status"] == "building"
        deciding.approvals.kill()
        await deciding.approvals.start()
        done = progress.model_copy(update={"ok": True})
        await deciding.lifecycle.emit(lifecycle.DEPLOY_FINISHED, done)
        ended = await events.until(lambda e: e.kind == "approval" and e.data["approval"]["status"] == "deployed")
    assert ended[-1].data["resolved"] == (await page.snapshot())["approvals_resolved"]
    assert await waiting(page) == []
    assert (await page.get(f"/api/approvals/{number}")).json()["status"] == "deployed"
    config = (await page.get("/api/agents/coder/config?path=notes.md")).json()
    assert (config["text"], config["commit"]) == ("a note\n", decided["commit"])


@pytest.mark.spec("DSH-15", door="http")
async def test_a_spawn_is_asked_for_once_for_each_key(deciding: Any) -> None:
    await deciding.agent("coder")
    page = await deciding.page()
    form = {"name": "scribe", "description": "writes\nwell"}
    first, again = [await page.post("/api/approvals/spawn", form, headers={"idempotency-key": "one"}) for _ in range(2)]
    assert first.json() == again.json()
    assert (first.json()["kind"], first.json()["requested_by"]) == ("spawn", "operator")
    assert first.json()["description"] == "writes\nwell"
    other = {"name": "tester", "description": ""}
    answers = [
        await page.post("/api/approvals/spawn", other, headers={"idempotency-key": "one"}),
        await page.post("/api/approvals/spawn", form),
        await page.post("/api/approvals/spawn", {"name": "coder"}),
        await page.post("/api/approvals/spawn", {"name": "operator"}),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (409, "key_reused"),
        (409, "name_taken"),
        (409, "name_taken"),
        (422, "reserved_name"),
    ]
    assert (await page.post("/api/approvals/spawn", other)).status_code == 200


@pytest.mark.spec("DSH-15", door="http")
async def test_drafts_are_listed_and_given_up(deciding: Any) -> None:
    manager, page = await deciding.nats.bus("manager"), await deciding.page()
    await manager.call(approvals.REQUEST_SPAWN_DRAFT, DraftRequest(name="scribe", key="k"))
    (draft,) = (await page.get("/api/drafts")).json()["drafts"]
    assert (draft["name"], draft["requested_by"], len(draft["start_commit"])) == ("scribe", "manager", 40)
    await eventually(page.snapshot, lambda snapshot: [held["name"] for held in snapshot["drafts"]] == ["scribe"])
    assert (await page.post("/api/drafts/scribe/discard")).status_code == 200
    await eventually(page.snapshot, lambda snapshot: snapshot["drafts"] == [])
    refused = await page.post("/api/drafts/scribe/discard")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown_draft")


@pytest.mark.spec("CFG-2", door="http")
async def test_the_deployed_configuration_can_be_read_and_nothing_else(deciding: Any) -> None:
    await deciding.configured("coder")
    deciding.commit("coder", {"agent.nix": "{ }  # proposed only\n"})
    page = await deciding.page()
    config = (await page.get("/api/agents/coder/config")).json()
    assert (config["agent"], config["path"], config["cut"]) == ("coder", "agent.nix", False)
    assert "proposed only" not in config["text"]
    assert {"agent.nix", "flake.nix"} <= set(config["paths"])
    assert (await page.get("/api/agents/coder/config?path=flake.nix")).status_code == 200
    for path in ("../flake.nix", "/etc/passwd", "nothing.nix", "%2e%2e/%2e%2e/HEAD", ".git/config", "a%00b", ""):
        answer = await page.get(f"/api/agents/coder/config?path={path}")
        assert answer.status_code in (404, 422), (path, answer.text)
        assert answer.json()["error"]["code"] in ("not_found", "bad_path", "bad_request"), path
    for name in ("nobody", "..", "coder%2f..%2fcoder", "a.b"):
        answer = await page.get(f"/api/agents/{name}/config")
        assert answer.status_code == 404, (name, answer.text)


async def test_a_kill_of_approvals_is_shown_and_heals(deciding: Any) -> None:
    number = await propose(deciding)
    page = await deciding.page()
    await eventually(lambda: waiting(page), lambda ids: ids == [number])
    deciding.approvals.kill()
    await eventually(page.snapshot, lambda snapshot: snapshot["swarm"]["unreachable"] == ["approvals"])
    assert await waiting(page) == [number], "what it last said stays on the page"
    answer = await page.post("/api/approvals/decide", {"decision": "deny", "items": [{"id": number, "hash": "x"}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    await deciding.approvals.start()
    await eventually(page.snapshot, lambda snapshot: snapshot["swarm"]["unreachable"] == [])

"""A proposed repository is hostile input, and many may ask about one at once."""

import asyncio
import shutil

import pytest
from hive_wire import approvals as wire
from hive_wire.approvals import ApprovalStatus
from hive_wire.errors import ErrorCode


@pytest.mark.spec("CFG-1", door="wire")
async def test_nothing_that_a_proposed_repository_points_to_is_followed(desk, tmp_path):
    await desk.agent("scout")
    folder = desk.proposed("scout")
    secret = tmp_path / "secret"
    secret.write_text("not for anybody\n")
    (folder / "notes.md").symlink_to(secret)
    linked = desk.commit("scout")
    refused = await desk.refusal(desk.propose("scout", linked))
    assert refused.code is ErrorCode.BAD_PROPOSAL
    assert "notes.md" in str(refused.details["problems"])
    history = await desk.operator.call(wire.HISTORY, wire.HistoryRequest())
    assert [a.status for a in history.approvals if a.commit == linked] == [ApprovalStatus.FAILED]

    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(folder, elsewhere, symlinks=True)
    desk.git(elsewhere, "rm", "-q", "notes.md")
    desk.git(elsewhere, "commit", "-q", "-m", "only here")
    foreign = desk.git(elsewhere, "rev-parse", "HEAD")
    (folder / ".git" / "objects" / "info" / "alternates").write_text(f"{elsewhere / '.git' / 'objects'}\n")
    assert desk.git(folder, "cat-file", "-t", foreign) == "commit"
    assert (await desk.refusal(desk.propose("scout", foreign))).code is ErrorCode.UNKNOWN_COMMIT


@pytest.mark.spec("CFG-3", door="wire")
async def test_many_requests_about_one_repository_at_once_end_as_if_one_after_another(desk):
    base = await desk.agent("scout")
    commits = [desk.commit("scout", on=base, toml=f'model = "model-{n}"\n') for n in range(4)]
    asked = await asyncio.gather(*(desk.propose("scout", commit) for commit in commits))
    pages = await asyncio.gather(*(desk.shown(approval.id) for approval in asked))
    assert [approval.commit for approval in asked] == commits
    assert len({page.hash for page in pages}) == len(commits)
    for approval in asked:
        assert desk.at("scout", f"proposal/{approval.id}") == approval.commit
    desk.git(desk.applied("scout"), "fsck", "--strict", "--no-dangling")
    results = await asyncio.gather(*(desk.approve(approval.id) for approval in asked))
    codes = sorted(result[0].code or "approved" for result in results)
    assert codes == ["approved", *["deploy_in_flight"] * 3]

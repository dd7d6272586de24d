"""What agents see of each other and of the host, when they are sandboxed."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from hive_lifecycle.layout import Layout, Owner
from hive_wire import lifecycle
from hive_wire.lifecycle import ContainerState

LOOK = """
import json, os, pathlib, sys
def sees(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return type(error).__name__
def writes(path):
    try:
        pathlib.Path(path, "probe-" + sys.argv[1]).write_text("x")
        return True
    except OSError:
        return False
"""


async def look(hive, name, expression):
    """Evaluate an expression inside the agent's own sandbox, beside its harness, as its user."""
    program = f"{LOOK}\nprint(json.dumps({expression}))"
    pid = (await hive.runtime.status(name)).pid
    inside = ["nsenter", "-t", str(pid), "-m", "-p", "--", "setpriv"]
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    uid, groups = status["Uid"].split()[0], ",".join(status["Groups"].split())
    user = ["--reuid", uid, "--regid", uid, "--groups", groups] if groups else ["--reuid", uid, "--clear-groups"]
    process = await asyncio.create_subprocess_exec(
        *inside, *user, "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", program, name,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives agents users of their own")
@pytest.mark.spec("LIF-7", door="wire")
@pytest.mark.spec("LIF-8", door="wire")
async def test_each_sees_its_own_and_the_manager_sees_every_state_and_configuration(walled_hive):
    hive = walled_hive
    await hive.start()
    await hive.until("manager", container=ContainerState.RUNNING, transient=None)
    await hive.spawned("coder")
    await hive.spawned("writer")
    uids = {name: hive.report(name)["uid"] for name in ("coder", "writer", "manager")}
    assert len(set(uids.values())) == 3
    assert 0 not in uids.values()
    assert hive.report("coder")["settings"]["state_dir"] == "/state"
    assert hive.report("coder")["home"] == "/home/agent"

    own = await look(hive, "coder", "[sees('/agents'), sees('/agents/coder/config'), writes('/agents/coder/config')]")
    assert own == [["coder"], [".git", "agent.nix"], False]
    secret = await look(
        hive, "coder", f"[writes('/state'), writes('/run/hive'), writes('/run/hive/own'), sees('{hive.state}')]"
    )
    assert secret == [True, False, True, "FileNotFoundError"]

    every = await look(hive, "manager", "[sees('/agents'), sees('/agents/writer'), sees('/agents/writer/config')]")
    assert every == [["coder", "manager", "writer"], ["config", "state"], [".git", "agent.nix"]]
    can = (
        "[writes('/agents/writer/state'), writes('/agents/writer/config'), writes('/agents'), writes('/agents/writer')]"
    )
    assert await look(hive, "manager", can) == [True, True, False, False]
    assert await look(hive, "manager", "[sees('/applied/coder'), writes('/applied/coder')]") == [
        [".git", "agent.nix"],
        False,
    ]

    change = "[open('/state/probe-manager', 'a').write('y'), sees('/agents/writer/config')]"
    assert await look(hive, "writer", change) == [1, [".git", "agent.nix", "probe-manager"]]


@pytest.mark.spec("RUN-2", door="wire")
async def test_the_list_says_what_the_runtime_can_do(walled_hive):
    await walled_hive.start()
    listed = await walled_hive.operator.call(lifecycle.LIST, lifecycle.LIST.request())
    assert listed.capabilities.sandboxed
    assert listed.capabilities.separate_users == (os.geteuid() == 0)


async def test_a_sandboxed_agent_is_restarted_and_gets_its_secret(walled_hive):
    hive = walled_hive
    await hive.start()
    await hive.spawned("coder")
    request = lifecycle.SecretRequest(name="anthropic-api-key", value="sk-ant-test")
    await hive.operator.call(lifecycle.SET_SECRET, request)
    await hive.until("coder", logged_in=True)
    await hive.done(await hive.do(lifecycle.RESTART, "coder"))
    assert hive.report("coder")["secrets"] == {"anthropic-api-key": "sk-ant-test"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives agents users of their own")
def test_what_an_agent_made_without_a_user_is_its_own_once_it_has_one(tmp_path):
    layout = Layout(tmp_path)
    layout.make_trees(None)
    layout.make("coder", None)
    for folder in (layout.home("coder"), layout.work("coder")):
        (folder / "deep").mkdir()
        (folder / "deep" / "note").write_text("x")
        (folder / "link").symlink_to("/etc/passwd")
    passwd = Path("/etc/passwd").stat()
    layout.make_trees(50_000)
    layout.make("coder", Owner(50_005, 50_000))
    for folder, group, mode in ((layout.home("coder"), 50_005, 0o644), (layout.work("coder"), 50_000, 0o660)):
        seen = (folder / "deep" / "note").stat()
        assert (seen.st_uid, seen.st_gid, seen.st_mode & 0o777) == (50_005, group, mode)
    after = Path("/etc/passwd").stat()
    assert (after.st_uid, after.st_mode) == (passwd.st_uid, passwd.st_mode)

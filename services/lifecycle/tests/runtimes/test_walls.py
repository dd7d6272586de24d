"""What the sandbox keeps an agent from, seen from inside and from the host."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import Mount, StartFailed, find_sandbox

pytestmark = pytest.mark.skipif(not find_sandbox().works, reason=f"no sandbox here: {find_sandbox()}")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give each agent a user of its own")

FOREVER = "echo up; while :; do sleep 0.1; done"


async def run_with(hive, spec, script):
    """What a script says when it runs with more than the usual mounts."""
    await hive.install(replace(spec, argv=("/bin/sh", "-c", script)))
    await hive.runtime.start(spec.name)
    await asyncio.wait_for(hive.runtime.wait_for_exit(spec.name), 20)
    return [*(await hive.runtime.logs(spec.name)).lines]


@as_root
@pytest.mark.spec("LIF-8", door="wire")
async def test_an_agent_runs_as_a_host_user_of_its_own_without_any_capability(walled, eventually):
    await walled.run("bob", FOREVER)
    status = Path(f"/proc/{(await walled.runtime.status('bob')).pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    uid = str(walled.spec("bob", "x").uid)
    assert fields["Uid"].split() == [uid] * 4
    assert fields["Gid"].split() == [uid] * 4
    assert fields["Groups"].split() in ([], [uid])
    assert {int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"


async def test_inside_there_is_no_capability_and_no_way_to_get_one(walled):
    lines, _ = await walled.run_to_end("bob", "grep -E '^(CapEff|CapPrm|NoNewPrivs):' /proc/self/status; su -c id")
    assert "CapEff:\t0000000000000000" in lines
    assert "NoNewPrivs:\t1" in lines
    assert not any("uid=0" in line for line in lines)


async def test_the_hosts_other_files_and_other_agents_folders_are_not_there(walled):
    (walled.state_of("carol") / "secret").write_text("hers")
    secret = walled.states / "operator"
    secret.write_text("the operator's")
    reads = (
        f"cat {secret} {walled.state_of('carol')}/secret {walled.root}/bob/spec.json /etc/shadow; ls -a / /root /home"
    )
    lines, _ = await walled.run_to_end("bob", f"echo mine > /state/own; cat /state/own; {reads}; ls /etc")
    text = "\n".join(lines)
    assert "mine" in lines
    assert "hers" not in text
    assert "the operator's" not in text
    assert "run_id" not in text
    assert "shadow" not in lines
    assert {"lost+found", "boot", "sys", "srv", ".ssh", ".bashrc"}.isdisjoint(lines)
    assert (walled.state_of("bob") / "own").read_text() == "mine\n"


async def test_nothing_outside_writable_mounts_and_tmp_can_be_written(walled, tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    (config / "agent.nix").write_text("as it was")
    config.chmod(0o777)
    (config / "agent.nix").chmod(0o666)
    spec = walled.spec("bob", "x")
    spec = replace(spec, mounts=(*spec.mounts, Mount(config, "/agents/bob/config")))
    tries = "/agents/bob/config/agent.nix /agents/bob/config/new /agents/new /usr/new /etc/passwd /new /run/new"
    refused = f"for f in {tries} {sys.prefix}/new; do echo x > $f && echo WROTE $f; done"
    script = f"cat /agents/bob/config/agent.nix; echo; {refused}"
    lines = await run_with(
        walled, spec, f"({script}); echo x > /tmp/new && echo x > /dev/shm/new && echo x > /state/new && echo fine"
    )
    assert "as it was" in lines
    assert "fine" in lines
    assert not [line for line in lines if line.startswith("WROTE")]
    assert (config / "agent.nix").read_text() == "as it was"


async def test_a_mount_inside_another_keeps_its_own_rights(walled, tmp_path):
    everyone = tmp_path / "agents"
    (everyone / "bob" / "config").mkdir(parents=True)
    for folder in (everyone, everyone / "bob", everyone / "bob" / "config"):
        folder.chmod(0o777)
    spec = walled.spec("bob", "x")
    inner = Mount(everyone / "bob" / "config", "/agents/bob/config")
    spec = replace(spec, mounts=(inner, Mount(everyone, "/agents", writable=True, shared=True), *spec.mounts))
    await run_with(walled, spec, "touch /agents/outer; touch /agents/bob/config/inner")
    assert (everyone / "outer").exists()
    assert not (everyone / "bob" / "config" / "inner").exists()


async def test_only_its_own_processes_are_seen_and_signalled(walled):
    lines, _ = await walled.run_to_end("bob", f"kill -0 {os.getpid()} && echo SIGNALLED; ls /proc | grep -c '^[0-9]'")
    assert "SIGNALLED" not in lines
    assert int(lines[-1]) < 8


async def test_an_agent_can_make_no_user_namespace(walled):
    lines, _ = await walled.run_to_end("bob", "unshare --user true && echo NESTED; echo done")
    assert "NESTED" not in lines
    assert "done" in lines


async def test_threads_and_processes_still_work_behind_the_system_call_filter(walled):
    thread = "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()"
    code = f"import threading, subprocess; {thread}; subprocess.run(['echo', 'process'])"
    lines, status = await walled.run_to_end("bob", f'{sys.executable} -c "{code}"')
    assert (sorted(lines), status.exit_code) == (["process", "thread"], 0)


async def test_our_own_code_runs_inside(walled):
    lines, status = await walled.run_to_end(
        "bob", f'{sys.executable} -c "import hive_lifecycle.runtimes, ssl; print(1)"'
    )
    assert (lines, status.exit_code) == (["1"], 0)


async def test_the_hosts_network_is_there_and_the_host_name_is_the_agents(walled):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connect = f"socket.create_connection(('127.0.0.1', {port})); print('connected')"
    code = f"import socket; print(socket.gethostname()); {connect}"
    lines, _ = await walled.run_to_end("bob", f'{sys.executable} -c "{code}"')
    server.close()
    assert lines == ["bob", "connected"]


async def test_no_descriptor_of_the_host_leaks_in(walled):
    lines, _ = await walled.run_to_end("bob", "exec ls /proc/self/fd")
    assert lines == ["0", "1", "2", "3"]  # 3 is the listing itself


async def test_the_private_tmp_is_empty_at_every_start(walled):
    for _ in range(2):
        await walled.run_to_end("bob", "find /tmp -maxdepth 1 -type f; touch /tmp/seen")
    assert [*(await walled.runtime.logs("bob")).lines] == []


@as_root
async def test_a_state_folder_is_given_to_the_agents_user_with_all_in_it(walled):
    state = walled.state_of("bob")
    (state / "notes").mkdir()
    (state / "notes" / "today").touch()
    (state / "link").symlink_to("/etc/passwd")
    await walled.run_to_end("bob", "true")
    owners = {path.lstat().st_uid for path in (state, state / "notes", state / "notes" / "today", state / "link")}
    assert owners == {walled.spec("bob", "x").uid}
    assert Path("/etc/passwd").stat().st_uid == 0


@as_root
async def test_a_shared_mount_keeps_its_owner_and_is_reached_by_group(walled, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    os.chown(shared, 0, 71999)
    shared.chmod(0o2770)
    spec = replace(walled.spec("bob", "x"), groups=(71999,))
    spec = replace(spec, mounts=(*spec.mounts, Mount(shared, "/agents", writable=True, shared=True)))
    await run_with(walled, spec, "touch /agents/from-bob")
    assert shared.stat().st_uid == 0
    assert (shared / "from-bob").stat().st_gid == 71999


async def test_a_source_that_an_agent_turned_into_a_link_is_refused(walled, tmp_path):
    spec = walled.spec("bob", "/bin/true")
    walled.state_of("bob").rmdir()
    (tmp_path / "elsewhere").mkdir()
    walled.states.joinpath("bob").symlink_to(tmp_path / "elsewhere")
    await walled.install(spec)
    with pytest.raises(StartFailed):
        await walled.runtime.start("bob")


async def test_a_mount_that_is_not_there_fails_the_start(walled):
    spec = walled.spec("bob", "/bin/true")
    await walled.install(spec)
    walled.state_of("bob").rmdir()
    with pytest.raises(StartFailed):
        await walled.runtime.start("bob")
    assert (await walled.runtime.status("bob")).state == "stopped"


async def test_what_bubblewrap_refuses_is_told_by_the_failed_start(walled, tmp_path):
    spec = walled.spec("bob", "/bin/true")
    below_a_file = Mount(tmp_path.resolve(), "/etc/passwd/below")
    await walled.install(replace(spec, mounts=(*spec.mounts, below_a_file)))
    with pytest.raises(StartFailed, match="bwrap"):
        await walled.runtime.start("bob")
    assert (await walled.runtime.status("bob")).state == "stopped"


@as_root
async def test_root_starts_no_sandboxed_agent_without_a_user_of_its_own(walled):
    await walled.install(replace(walled.spec("bob", "/bin/true"), uid=None))
    with pytest.raises(StartFailed):
        await walled.runtime.start("bob")

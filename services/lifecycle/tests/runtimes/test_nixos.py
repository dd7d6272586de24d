"""What is the nixos runtime's own, on a double of the programs that it drives."""

import asyncio
import json
import os
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from hive_lifecycle.runtimes import BuildFailed, InstallFailed, Mount, NixosRuntime, NixosSettings, StartFailed
from hive_lifecycle.runtimes.nixos.building import last_error

FOREVER = "; while :; do sleep 0.1; done"
SOON = 30


def spec_of(nixos, name, *mounts):
    spec = nixos.spec(name, "/bin/true")
    return replace(spec, mounts=(*spec.mounts, *mounts))


async def built(nixos, name, script, **files):
    nixos.double.write_system(nixos.flake, name, script, **files)
    return await nixos.runtime.build(name, nixos.flake, print)


async def lines_of(nixos, name="bob"):
    return [*(await nixos.runtime.logs(name)).lines]


async def has_said(nixos, *words, name="bob"):
    return {*words} <= {*await lines_of(nixos, name)}


def program(nixos, name, script):
    """A program of that name which does something before, or instead of, what the double's does."""
    path = nixos.root.parent / f"own-{name}"
    real = nixos.double.program(name.replace("_", "-"))
    path.write_text(f'#!/bin/sh\n{script}\nexec {real} "$@"\n')
    path.chmod(0o755)
    return {name: str(path)}


def with_settings(nixos, **values):
    return NixosRuntime(nixos.root, NixosSettings.model_validate(nixos.double.nixos | values))


@pytest.mark.spec("LIF-7", door="nix")
async def test_the_conf_file_says_what_a_container_sees_and_whose_it_is_there(nixos):
    own, shared, shown = (nixos.states / name for name in ("own", "shared", "shown"))
    for folder in (own, shared, shown):
        folder.mkdir(parents=True)
    os.chown(own, -1, os.getegid())
    spec = replace(
        nixos.spec("bob", "/bin/true"),
        mounts=(Mount(own, "/own", writable=True), Mount(shared, "/agents", writable=True, shared=True),
                Mount(shown, "/applied")),
    )  # fmt: skip
    await nixos.runtime.install(spec, await built(nixos, "bob", "exit 0"), print)
    conf = nixos.double.root / "conf" / "bob.conf"
    assert conf.read_text().splitlines() == [
        "PRIVATE_NETWORK=0",
        "PRIVATE_USERS=pick",
        "AUTO_START=0",
        f'EXTRA_NSPAWN_FLAGS="--bind={own}:/own:rootidmap --bind={shared}:/agents:idmap '
        f'--bind-ro={shown}:/applied:idmap"',
    ]
    drop_in = nixos.double.root / "units/container@bob.service.d/hyperhive.conf"
    assert drop_in.read_text().splitlines() == ["[Service]", "Restart=no", "TasksMax=200"]
    await nixos.runtime.install(replace(spec, groups=(os.getegid(),)), None, print)
    assert f"{own}:/own:idmap" in conf.read_text()  # a folder of a group that others are in
    await with_settings(nixos, private_users="no").install(spec, None, print)
    assert "PRIVATE_USERS" not in conf.read_text()
    assert "idmap" not in conf.read_text()


@pytest.mark.spec("RUN-2", door="wire")
async def test_it_says_what_it_can_do(nixos):
    can = nixos.runtime.capabilities()
    assert (can.builds, can.switches_running, can.separate_units, can.max_name_length) == (True, True, True, 11)
    assert can.separate_users == (os.geteuid() == 0)
    plain = with_settings(nixos, private_users="no").capabilities()
    assert not plain.separate_users
    assert len(plain.notes) == 2


async def test_a_mount_that_a_conf_file_can_not_name_is_refused(nixos):
    place = nixos.states / "with space"
    place.mkdir(parents=True)
    system = await built(nixos, "bob", "exit 0")
    with pytest.raises(InstallFailed, match="with space"):
        await nixos.runtime.install(spec_of(nixos, "bob", Mount(place, "/place")), system, print)
    assert [*await nixos.runtime.list()] == []


@pytest.mark.spec("LIF-6", door="nix")
async def test_the_lines_of_a_build_come_while_it_runs(nixos):
    nixos.double.write_system(nixos.flake, "bob", "exit 0")
    nixos.double.builds("bob", lines=["evaluating", "building 1 of 2"], until=nixos.states / "go")
    lines: asyncio.Queue[str] = asyncio.Queue()
    building = asyncio.create_task(nixos.runtime.build("bob", nixos.flake, lines.put_nowait))
    assert [await asyncio.wait_for(lines.get(), SOON) for _ in range(2)] == ["evaluating", "building 1 of 2"]
    assert not building.done()
    (nixos.states / "go").touch()
    system = await asyncio.wait_for(building, SOON)
    assert str((nixos.root / "bob" / "built").readlink()) == system


async def test_a_failed_build_touches_nothing_and_says_why(nixos):
    await nixos.run("bob", "echo first" + FOREVER)
    before = await nixos.runtime.status("bob")
    nixos.double.builds("bob", lines=["error: an earlier one", "building"], error="attribute 'hyperhve' missing")
    printed: list[str] = []
    with pytest.raises(BuildFailed, match="attribute 'hyperhve' missing"):
        await nixos.runtime.build("bob", nixos.flake, printed.append)
    assert "building" in printed
    assert await nixos.runtime.status("bob") == before
    await nixos.runtime.stop("bob", 5)
    await nixos.runtime.start("bob")


def test_of_an_error_in_several_lines_the_last_one_is_told_whole():
    printed = "warning: x\nerror: builder failed\n\nerror:\n       … while calling\n       undefined variable 'a'\n"
    assert last_error(printed) == "error: … while calling undefined variable 'a'"
    assert last_error("") == "it did not say why"


async def test_a_missing_nix_is_a_failed_build(nixos):
    runtime = with_settings(nixos, setpriv="/no/such/setpriv")
    with pytest.raises(BuildFailed, match="setpriv"):
        await runtime.build("bob", nixos.flake, print)


@pytest.mark.parametrize("end", ["cancelled", "killed"])
async def test_a_build_ends_with_whoever_wanted_it(nixos, eventually, running, end):
    nixos.double.write_system(nixos.flake, "bob", "exit 0")
    nixos.double.builds("bob", until=nixos.states / "never")
    link = str(nixos.root / "bob" / "built")
    code = f"await runtime.build('bob', Path({str(nixos.flake)!r}), print)"
    building = asyncio.create_task(
        nixos.runtime.build("bob", nixos.flake, print) if end == "cancelled" else nixos.elsewhere(code)
    )
    await eventually(lambda: bool(running(link)))
    if end == "cancelled":
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
    else:
        (parent,) = {parent_of(pid) for pid in running(link)}
        os.kill(parent, signal.SIGKILL)
        with pytest.raises(AssertionError):
            await building
    await eventually(lambda: not running(link))
    nixos.double.builds("bob")
    assert await nixos.runtime.build("bob", nixos.flake, print)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


async def test_a_running_container_is_switched_in_place(nixos, eventually):
    await nixos.run("bob", "echo first" + FOREVER)
    await eventually(lambda: has_said(nixos, "first"))
    before = await nixos.runtime.status("bob")
    await nixos.runtime.install(nixos.spec("bob", "x"), await built(nixos, "bob", "echo second" + FOREVER), print)
    await eventually(lambda: has_said(nixos, "first", "second"))
    assert await nixos.runtime.status("bob") == before


async def test_a_failed_switch_leaves_the_old_system_in_use(nixos, eventually):
    await nixos.run("bob", "echo first" + FOREVER)
    await eventually(lambda: has_said(nixos, "first"))
    profile = nixos.double.root / "profiles/bob/system"
    before = profile.resolve()
    system = await built(nixos, "bob", "echo second" + FOREVER, switch_fails="activation of users failed")
    with pytest.raises(InstallFailed, match="activation of users failed"):
        await nixos.runtime.install(nixos.spec("bob", "x"), system, print)
    assert profile.resolve() == before
    assert (await nixos.runtime.status("bob")).state == "running"
    await nixos.runtime.stop("bob", 5)
    await nixos.runtime.start("bob")
    await eventually(lambda: has_said(nixos, "first"))
    assert "second" not in await lines_of(nixos)


async def test_a_harness_that_does_not_come_up_in_the_new_system_is_a_failed_install(nixos, eventually):
    await nixos.run("bob", "echo first" + FOREVER)
    await eventually(lambda: has_said(nixos, "first"))
    system = await built(nixos, "bob", "echo second" + FOREVER)
    now = f'"$(readlink -f {nixos.double.root}/profiles/bob/system)"'
    script = f'case "$*" in *restart*) [ {now} = {system} ] && exit 1;; esac'
    runtime = with_settings(nixos, **program(nixos, "systemctl", script))
    with pytest.raises(InstallFailed, match="did not come up"):
        await runtime.install(nixos.spec("bob", "x"), system, print)
    assert (await runtime.status("bob")).state == "running"


async def test_new_mounts_take_a_new_container_and_new_settings_a_new_harness(nixos, eventually):
    place = nixos.states / "place"
    place.mkdir(parents=True)
    (place / "mark").touch()
    await nixos.run("bob", "ls /place; echo listed" + FOREVER)
    await eventually(lambda: has_said(nixos, "listed"))
    before = await nixos.runtime.status("bob")
    await nixos.runtime.install(nixos.spec("bob", "x"), None, print)
    await eventually(lambda: twice(nixos))
    assert (await nixos.runtime.status("bob")).started_at == before.started_at
    await nixos.runtime.install(spec_of(nixos, "bob", Mount(place, "/place")), None, print)
    await eventually(lambda: has_said(nixos, "mark"))
    assert (await nixos.runtime.status("bob")).started_at > before.started_at


async def twice(nixos):
    return (await lines_of(nixos)).count("listed") == 2


async def test_what_could_not_be_created_leaves_nothing_behind(nixos):
    with pytest.raises(InstallFailed):
        await nixos.runtime.install(nixos.spec("bob", "x"), f"{nixos.double.root}/store/gone", print)
    with pytest.raises(InstallFailed, match="rebuild"):
        await nixos.runtime.install(nixos.spec("bob", "x"), None, print)
    assert [*await nixos.runtime.list()] == []
    assert not (nixos.double.root / "conf/bob.conf").exists()
    await nixos.install(nixos.spec("bob", "/bin/true"))
    assert [*await nixos.runtime.list()] == ["bob"]


async def test_a_container_of_somebody_else_is_left_alone(nixos):
    conf = nixos.double.root / "conf/bob.conf"
    conf.write_text("AUTO_START=1\n")
    with pytest.raises(InstallFailed, match="none of ours"):
        await nixos.install(nixos.spec("bob", "/bin/true"))
    await nixos.runtime.destroy("bob", purge=True)
    assert conf.read_text() == "AUTO_START=1\n"
    assert [*await nixos.runtime.list()] == []


async def test_a_program_that_says_it_did_what_it_did_not_is_not_believed(nixos):
    await nixos.install(nixos.spec("bob", "/bin/true"))
    system = await built(nixos, "bob", "echo second")
    runtime = with_settings(nixos, **program(nixos, "nix_env", "exit 0"))
    with pytest.raises(InstallFailed, match="profile"):
        await runtime.install(nixos.spec("bob", "x"), system, print)


@pytest.mark.spec("LIF-9", door="wire")
@pytest.mark.parametrize("at", ["create", "--set", "daemon-reload", "stop", "start"])
async def test_an_install_cut_off_by_a_kill_is_done_by_the_next_one(nixos, eventually, at):
    place = nixos.states / "place"
    place.mkdir(parents=True)
    (place / "mark").touch()
    if at != "create":
        await nixos.run("bob", "echo first" + FOREVER)
    system = await built(nixos, "bob", "ls /place; echo second" + FOREVER)
    kill = f'case "$*" in *{at}*) kill -9 $PPID; exit 1;; esac'
    programs = [program(nixos, name, kill) for name in ("nixos_container", "nix_env", "systemctl")]
    elsewhere = with_settings(nixos, **{key: path for found in programs for key, path in found.items()})
    spec = replace(spec_of(nixos, "bob", Mount(place, "/place")), memory_bytes=1 << 30)
    settings = elsewhere._settings.model_dump(mode="json")
    installing = (
        "from hive_lifecycle.runtimes import AgentSpec, Mount\n"
        "from pathlib import PosixPath\n"
        f"runtime = NixosRuntime(Path({str(nixos.root)!r}), NixosSettings.model_validate({settings!r}))\n"
        f"await runtime.install({spec!r}, {system!r}, print)"
    )
    with pytest.raises(AssertionError):
        await nixos.elsewhere(installing)
    await nixos.runtime.install(spec, system, print)
    await nixos.runtime.start("bob")
    await eventually(lambda: has_said(nixos, "mark", "second"))
    assert "MemoryMax=1073741824" in (nixos.double.root / "systemd/drop-ins/bob").read_text()


async def test_a_container_that_failed_can_be_started_again_and_limits_hold_after_a_reboot(nixos):
    await nixos.run_to_end("bob", "exit 7")
    drop_in = nixos.double.root / "units/container@bob.service.d/hyperhive.conf"
    drop_in.unlink()
    await nixos.runtime.start("bob")
    assert (nixos.double.root / "systemd/drop-ins/bob").read_text() == drop_in.read_text()


async def test_what_went_down_with_the_machine_has_no_exit_code(nixos):
    await nixos.run("bob", "echo up" + FOREVER)
    nixos.double.stop_all()
    record = nixos.root / "bob" / "run.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"boot": "an earlier one"}))
    (nixos.double.root / "systemd/bob.json").unlink()
    status = await nixos.runtime.status("bob")
    assert (status.state, status.exit_code, status.exit_signal, status.asked) == ("stopped", None, None, False)


async def test_a_container_without_a_system_does_not_start_and_says_so(nixos):
    await nixos.install(nixos.spec("bob", "/bin/true"))
    (nixos.double.root / "profiles/bob/system").unlink()
    with pytest.raises(StartFailed, match="bob did not come up"):
        await nixos.runtime.start("bob")


@pytest.mark.spec("WAT-4", door="wire")
async def test_the_harness_has_a_log_of_its_own_beside_the_machines(nixos, eventually):
    await nixos.run("bob", "echo one; echo two; echo three" + FOREVER)
    await eventually(lambda: has_said(nixos, "three"))
    assert await lines_of(nixos) == ["one", "two", "three"]
    whole = [*(await nixos.runtime.logs("bob", unit="machine")).lines]
    assert any("systemd[1]: systemd running in container bob." in line for line in whole)
    assert sum(line.endswith(": two") and line[:4].isdigit() for line in whole) == 1
    await nixos.runtime.destroy("bob", purge=False)
    assert (await nixos.runtime.logs("bob", 2)).lines == ("two", "three")
    kept = (await nixos.runtime.logs("bob", unit="machine")).lines
    assert kept[: len(whole)] == tuple(whole)
    assert not (nixos.double.root / "units/container@bob.service.d").exists()


async def test_a_journal_is_read_page_by_page_without_a_gap(nixos):
    await nixos.run_to_end("bob", "seq 30")
    page = await nixos.runtime.logs("bob", 4, after=(await nixos.runtime.logs("nobody")).cursor)
    found = [*page.lines]
    while page.lines:
        page = await nixos.runtime.logs("bob", 7, after=page.cursor)
        assert not page.cut
        found += page.lines
    assert found == [str(number) for number in range(1, 31)]


async def test_a_crash_while_systemd_is_silent_is_told_once_it_answers(nixos, eventually):
    silent = nixos.states / "silent"
    script = f"[ -e {shlex.quote(str(silent))} ] && exit 1"
    await nixos.run("bob", "echo up" + FOREVER)
    exits = with_settings(nixos, **program(nixos, "systemctl", script)).watch()
    first = asyncio.create_task(anext(exits))
    await asyncio.sleep(0)
    await nixos.run_to_end("carol", "exit 1")
    assert (await asyncio.wait_for(first, SOON)).name == "carol"
    silent.touch()
    second = asyncio.create_task(anext(exits))
    os.kill((await nixos.runtime.status("bob")).pid, signal.SIGKILL)
    await nixos.runtime.wait_for_exit("bob")
    silent.unlink()
    exited = await asyncio.wait_for(second, SOON)
    assert (exited.name, exited.exit_signal) == ("bob", signal.SIGKILL)
    await exits.aclose()

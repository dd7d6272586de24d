"""What every runtime does, whatever it is made of. Each test runs once per runtime that works on this machine."""

import asyncio
import os
import signal

import pytest
from hive_lifecycle.runtimes import InstallFailed, RuntimeStatus, UnknownAgent

FOREVER = "echo up; while :; do sleep 0.1; done"
SOON = 20


def stubborn(word: str) -> str:
    """A shell command that starts a process in a session of its own which won't go on SIGTERM."""
    return f"setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.1; done' sh {word} & "


async def has_said(hive, name, text) -> bool:
    return text in (await hive.runtime.logs(name)).lines


@pytest.mark.spec("RUN-1", door="wire")
async def test_an_agent_goes_through_its_whole_life(hive, eventually):
    await hive.run("bob", FOREVER)
    await eventually(lambda: has_said(hive, "bob", "up"))
    status = await hive.runtime.status("bob")
    assert status.state == "running"
    assert status.started_at is not None
    os.kill(status.pid, 0)
    await hive.runtime.stop("bob", 5)
    status = await hive.runtime.status("bob")
    ended = (143, 15) if hive.tells_signals else (0, None)
    assert (status.state, status.exit_code, status.exit_signal, status.asked) == ("stopped", *ended, True)
    await hive.runtime.start("bob")
    assert (await hive.runtime.status("bob")).state == "running"
    assert (await hive.runtime.status("bob")).exit_code is None
    await hive.runtime.destroy("bob", purge=True)
    assert await hive.runtime.status("bob") == RuntimeStatus("absent")
    assert list((hive.root).glob("[!.]*")) == []


async def test_every_verb_may_be_repeated(hive):
    spec = hive.spec("bob", "/bin/sh", "-c", FOREVER)
    await hive.install(spec)
    await hive.install(spec)
    await hive.runtime.start("bob")
    before = await hive.runtime.status("bob")
    await hive.runtime.start("bob")
    assert await hive.runtime.status("bob") == before
    for _ in range(2):
        await hive.runtime.stop("bob", 5)
    stopped = await hive.runtime.status("bob")
    await hive.runtime.kill("bob")
    assert await hive.runtime.status("bob") == stopped
    for _ in range(2):
        await hive.runtime.destroy("bob", purge=True)
    await hive.runtime.stop("bob", 5)


async def test_the_list_holds_what_was_created_and_not_destroyed(hive):
    assert [*await hive.runtime.list()] == []
    for name in ("carol", "bob"):
        await hive.install(hive.spec(name, "/bin/true"))
    assert [*await hive.runtime.list()] == ["bob", "carol"]
    await hive.runtime.destroy("bob", purge=False)
    assert [*await hive.runtime.list()] == ["carol"]


async def test_an_unknown_agent_is_refused_and_absent(hive):
    assert (await hive.runtime.status("nobody-here")).state == "absent"
    with pytest.raises(UnknownAgent):
        await hive.runtime.start("nobody-here")
    with pytest.raises(UnknownAgent):
        await hive.runtime.status("../escape")


async def test_a_name_that_is_too_long_is_refused(hive):
    name = "a" * (hive.runtime.capabilities().max_name_length + 1)
    with pytest.raises((UnknownAgent, InstallFailed)):
        await hive.runtime.install(hive.spec(name, "/bin/true"), None, print)
    assert [*await hive.runtime.list()] == []


async def test_destroying_without_purge_keeps_the_log_and_the_mounted_folders(hive):
    await hive.run_to_end("bob", "echo last words; echo note > /state/note || echo note > note")
    await hive.runtime.destroy("bob", purge=False)
    assert (await hive.runtime.status("bob")).state == "absent"
    assert "last words" in (await hive.runtime.logs("bob")).lines
    await hive.runtime.destroy("bob", purge=True)
    assert [*(await hive.runtime.logs("bob")).lines] == []
    assert hive.state_of("bob").exists()


async def test_a_changed_spec_holds_from_the_next_start(hive):
    await hive.run_to_end("bob", "echo first")
    await hive.run_to_end("bob", "echo second")
    assert [*(await hive.runtime.logs("bob")).lines] == ["first", "second"]


async def test_exit_codes_and_signals_are_told(hive):
    _, status = await hive.run_to_end("bob", "exit 7")
    assert (status.exit_code, status.exit_signal, status.asked) == (7, None, False)
    _, status = await hive.run_to_end("carol", "kill -SEGV $$")
    ended = (139, 11) if hive.tells_signals else (255, None)
    assert (status.exit_code, status.exit_signal, status.asked) == (*ended, False)


async def test_a_command_that_does_not_exist_ends_at_once_and_says_so_in_the_log(hive):
    await hive.install(hive.spec("bob", "/no/such/program"))
    await hive.runtime.start("bob")
    await asyncio.wait_for(hive.runtime.wait_for_exit("bob"), SOON)
    assert (await hive.runtime.status("bob")).exit_code == 127
    assert "/no/such/program" in "\n".join((await hive.runtime.logs("bob")).lines)


async def test_the_log_of_a_crashed_agent_stays_readable(hive):
    lines, status = await hive.run_to_end("bob", "for i in 1 2 3; do echo line $i; done; echo why >&2; kill -9 $$")
    assert status.state == "stopped"
    assert lines == ["line 1", "line 2", "line 3", "why"]
    assert [*(await hive.runtime.logs("bob", 2)).lines] == ["line 3", "why"]


async def test_a_log_goes_on_where_a_page_of_it_ended(hive, eventually):
    go = hive.state_of("bob") / "go"
    await hive.run("bob", "echo before; until [ -e go ]; do sleep 0.02; done; echo after; echo more; sleep 100")
    await eventually(lambda: has_said(hive, "bob", "before"))
    page = await hive.runtime.logs("bob")
    assert (await hive.runtime.logs("bob", after=page.cursor)).lines == ()
    go.touch()
    await eventually(lambda: has_said(hive, "bob", "more"))
    first = await hive.runtime.logs("bob", 1, after=page.cursor)
    assert (first.lines, first.cut) == (("after",), False)
    assert (await hive.runtime.logs("bob", after=first.cursor)).lines == ("more",)


async def test_a_cursor_that_points_nowhere_is_said_to_have_missed_lines(hive):
    await hive.run_to_end("bob", "echo first")
    page = await hive.runtime.logs("bob", after="nonsense")
    assert (page.lines, page.cut) == (("first",), True)


async def test_what_ignores_sigterm_is_killed_after_the_grace(hive, eventually):
    await hive.run("bob", "trap '' TERM; " + FOREVER)
    await eventually(lambda: has_said(hive, "bob", "up"))
    await hive.runtime.stop("bob", 0.3)
    status = await hive.runtime.status("bob")
    assert (status.state, status.exit_signal, status.asked) == ("stopped", 9, True)


async def test_a_kill_does_not_wait_for_the_grace_of_a_stop(hive, eventually):
    await hive.run("bob", "trap '' TERM; " + FOREVER)
    await eventually(lambda: has_said(hive, "bob", "up"))
    stopping = asyncio.create_task(hive.runtime.stop("bob", 600))
    await eventually(lambda: any((hive.root / "bob" / sign).exists() for sign in ("grace", "asked.json")))
    await asyncio.wait_for(hive.runtime.kill("bob"), SOON)
    await asyncio.wait_for(stopping, SOON)


async def test_a_harness_may_end_in_its_own_way_on_sigterm(hive, eventually):
    await hive.run("bob", "trap 'echo bye; exit 3' TERM; " + FOREVER)
    await eventually(lambda: has_said(hive, "bob", "up"))
    await hive.runtime.stop("bob", 10)
    assert (await hive.runtime.status("bob")).exit_code == (3 if hive.tells_signals else 0)
    assert "bye" in (await hive.runtime.logs("bob")).lines


@pytest.mark.parametrize("end", ["stop", "kill", "crash", "exit", "destroy"])
async def test_nothing_of_an_agent_survives_its_end(hive, eventually, running, word, end):
    await hive.run("bob", stubborn(word) + ("exit 0" if end == "exit" else FOREVER))
    if end == "exit":
        await asyncio.wait_for(hive.runtime.wait_for_exit("bob"), SOON)
    else:
        await eventually(lambda: bool(running(word)))
    if end == "crash":
        os.kill((await hive.runtime.status("bob")).pid, signal.SIGKILL)
        await asyncio.wait_for(hive.runtime.wait_for_exit("bob"), SOON)
    elif end == "stop":
        await hive.runtime.stop("bob", 5)
    elif end == "kill":
        await hive.runtime.kill("bob")
    elif end == "destroy":
        await hive.runtime.destroy("bob", purge=True)
    assert running(word) == []


async def test_an_agent_outlives_the_service_that_started_it(hive, eventually):
    await hive.install(hive.spec("bob", "/bin/sh", "-c", FOREVER))
    await hive.elsewhere("await runtime.start('bob')")
    status = await hive.runtime.status("bob")
    assert status.state == "running"
    await hive.runtime.start("bob")
    assert await hive.runtime.status("bob") == status
    await hive.runtime.stop("bob", 5)
    assert (await hive.runtime.status("bob")).asked
    code = "143" if hive.tells_signals else "0"
    assert await hive.elsewhere("print((await runtime.status('bob')).exit_code)") == code


async def test_two_services_starting_one_agent_start_it_once(hive, eventually, running, word):
    await hive.install(hive.spec("bob", "/bin/sh", "-c", "echo started; " + FOREVER, "sh", word))
    starts = (hive.elsewhere("await runtime.start('bob')") for _ in range(2))
    await asyncio.gather(*starts, hive.runtime.start("bob"), hive.runtime.start("bob"))
    await eventually(lambda: has_said(hive, "bob", "up"))
    await hive.runtime.stop("bob", 5)
    assert [*(await hive.runtime.logs("bob")).lines].count("started") == 1
    assert running(word) == []


@pytest.mark.spec("WAT-1", door="wire")
async def test_a_watcher_hears_of_exits_whoever_started_the_agent(hive):
    for name in ("bob", "carol"):
        await hive.install(hive.spec(name, "/bin/sh", "-c", FOREVER))
    await hive.elsewhere("await runtime.start('bob')")
    exits = hive.runtime.watch()
    first = asyncio.create_task(anext(exits))
    await asyncio.sleep(0)
    await hive.elsewhere("await runtime.start('carol')")
    os.kill((await hive.runtime.status("bob")).pid, signal.SIGKILL)
    exited = await asyncio.wait_for(first, SOON)
    assert (exited.name, exited.exit_signal, exited.asked) == ("bob", signal.SIGKILL, False)
    await hive.runtime.stop("carol", 5)
    exited = await asyncio.wait_for(anext(exits), SOON)
    assert (exited.name, exited.asked) == ("carol", True)
    await exits.aclose()


async def test_the_first_look_of_a_watcher_tells_nothing_of_what_had_ended_before(hive):
    await hive.run_to_end("bob", "exit 1")
    exits = hive.runtime.watch()
    first = asyncio.create_task(anext(exits))
    await asyncio.sleep(0)
    await hive.run_to_end("carol", "exit 2")
    assert (await asyncio.wait_for(first, SOON)).name == "carol"
    await exits.aclose()


async def test_a_closed_output_does_not_end_an_agent(hive, eventually):
    await hive.run("bob", "exec >/dev/null 2>&1; touch quiet; while :; do sleep 0.1; done")
    await eventually((hive.state_of("bob") / "quiet").exists)
    assert (await hive.runtime.status("bob")).state == "running"
    await hive.runtime.stop("bob", 5)
    assert (await hive.runtime.status("bob")).asked


async def test_a_mount_is_visible_where_the_runtime_says(hive):
    spec = hive.spec("bob", "/bin/true")
    path = hive.runtime.visible_path(spec.mounts[0])
    (hive.state_of("bob") / "mark").touch()
    lines, _ = await hive.run_to_end("bob", f"pwd; ls {path}")
    assert lines == [path, "mark"]

"""Whether a sandbox works here is tried, and a machine without one is told what to do."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hive_lifecycle
import pytest
from hive_lifecycle.runtimes import code_paths, find_sandbox, install_command
from hive_lifecycle.runtimes.syscall_filter import syscall_filter

SYSTEM_PYTHON = Path("/usr/bin/python3")
NOBODY = 65534


@pytest.mark.spec("RUN-1", door="wire")
def test_without_bubblewrap_the_command_that_installs_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    check = find_sandbox((tmp_path,))
    assert not check.works
    assert "bubblewrap" in check.reason
    if Path("/etc/debian_version").exists():
        assert check.command == "apt-get install -y bubblewrap"
        assert install_command() == ("apt-get", "install", "-y", "bubblewrap")


def test_a_bubblewrap_that_does_not_work_is_found_out(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: Unknown option --perms' >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    check = find_sandbox((tmp_path / "other",))
    assert not check.works
    assert "too old" in check.reason


def test_the_code_paths_hold_the_interpreter_and_editable_sources_but_not_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    paths = code_paths()

    def covered(path):
        return any(path.is_relative_to(outer) for outer in (*paths, Path("/usr")))

    source = Path(hive_lifecycle.__file__)
    assert covered(Path(sys.executable))
    assert covered(Path(sys.executable).resolve())
    assert covered(source)
    assert not covered(tmp_path)
    assert not covered(source.parents[2] / "tests")


def test_a_named_program_is_visible_with_what_its_links_lead_to(monkeypatch, tmp_path):
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "claude.js"
    real.write_text("#!/bin/sh\n")
    real.chmod(0o755)
    (tmp_path / "claude").symlink_to("real/claude.js")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {tmp_path / "claude", real} <= set(code_paths(("claude",)))


def test_a_processor_without_a_filter_gets_none():
    assert syscall_filter("riscv64") is None
    assert len(syscall_filter("aarch64")) % 8 == 0


@pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root to become someone else; without it all tests run unprivileged"
)
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="needs a Python that every user can read")
def test_an_unprivileged_service_sandboxes_agents_as_its_own_user():
    """Run in a process of user nobody, with a Python and a folder that it can reach."""
    script = """
import asyncio, os, sys
from pathlib import Path
from hive_lifecycle.runtimes import AgentSpec, LocalRuntime, Mount, find_sandbox
async def main(root):
    check = find_sandbox()
    if not check.works:
        print("no sandbox:", check.reason, check.command); return
    runtime = LocalRuntime(root / "runtime", check.sandbox)
    print(runtime.capabilities().separate_users, check.sandbox.as_root)
    (root / "state").mkdir()
    say = "id -u; grep CapEff /proc/self/status; touch /state/x /usr/x /x /etc/x"
    argv = ("/bin/sh", "-c", say + "; unshare -U true || echo walled; kill -TERM $$")
    spec = AgentSpec("bob", argv, "/state", mounts=(Mount(root / "state", "/state", True),))
    await runtime.install(spec, None, print)
    await runtime.start("bob")
    await runtime.wait_for_exit("bob")
    print(*(await runtime.logs("bob")).lines, sep="\\n")
    print((await runtime.status("bob")).exit_signal, sorted(os.listdir(root / "state")))
asyncio.run(main(Path(sys.argv[1])))
"""
    source = Path(hive_lifecycle.__file__).parents[1]
    folder = tempfile.mkdtemp()
    try:
        os.chown(folder, NOBODY, NOBODY)
        user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        env = {"PYTHONPATH": str(source), "PATH": os.environ["PATH"]}
        command = [*user, str(SYSTEM_PYTHON), "-B", "-c", script, folder]
        done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    finally:
        shutil.rmtree(folder)
    if "No module named" in done.stderr or "ermission denied" in done.stderr:
        pytest.skip("user nobody can't read these sources")
    lines = done.stdout.splitlines()
    if lines and lines[0].startswith("no sandbox"):
        pytest.skip(lines[0])
    assert done.returncode == 0, done.stderr
    assert lines[:3] == ["False False", str(NOBODY), "CapEff:\t0000000000000000"]
    assert "walled" in lines
    assert lines[-1] == "15 ['x']"

"""Starts one agent as `launch.json` says, then becomes its shim. Ends with 0 once the agent runs, and
otherwise with 1 and the reason on stderr.

A file of its own, run with `python -I -S`. The agent is its child; `exec` turns it into the small `shim.py`,
which thereby inherits the child.
"""

# ruff: noqa: PTH100, PTH104, PTH118, PTH120, PTH123 - starts sooner without pathlib

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Plan = dict[str, Any]  # Any: a JSON file that local.py wrote

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STATUS_DESCRIPTOR = 30
FILTER_DESCRIPTOR = 31
START_SECONDS = 20
POLL_SECONDS = 0.002


def main(folder: str, lock: str) -> None:
    """Wait for the process that goes on in the background to say that the agent runs, or why not.

    `lock` is the descriptor of the agent's lock: ours until then, never the shim's or the agent's."""
    os.set_inheritable(int(lock), False)
    readable, writable = os.pipe()
    if os.fork() == 0:
        os.close(readable)
        launch(folder, writable)
    os.close(writable)
    with os.fdopen(readable, "rb") as stream:
        answer = stream.read()
    if answer != b"ok":
        sys.stderr.buffer.write(answer or b"the shim went down at once")
        sys.exit(1)


def launch(folder: str, ready: int) -> "NoReturn":
    try:
        plan = read_plan(folder)
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        become_shim(folder, plan, ready)
    except BaseException as failure:
        os.write(ready, str(failure).encode())
        raise
    finally:
        os._exit(1)


def become_shim(folder: str, plan: "Plan", ready: int) -> None:
    output, output_end = os.pipe()
    status, status_end = os.pipe()
    child = os.fork()
    if child == 0:
        become_agent(plan, output_end, status_end)
    os.close(output_end)
    os.close(status_end)
    harness = wait_for_harness(child, status, output) if plan["sandboxed"] else child
    descriptor = open_process(harness)
    record(folder, plan, harness)
    for kept in (output, status, descriptor):
        if kept >= 0:
            os.set_inheritable(kept, True)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(0, 2)
    os.write(ready, b"ok")
    shim = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim.py")
    numbers = [str(child), str(descriptor), str(output), str(plan["log_limit"])]
    flags = ["1" if plan["sandboxed"] else "0", *plan["cgroups"]]
    os.execv(sys.executable, [sys.executable, "-I", "-S", shim, folder, plan["run_id"], *numbers, *flags])


def become_agent(plan: "Plan", output: int, status: int) -> "NoReturn":
    """Never returns; a command that can't be run leaves a line in the log and exit code 127."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        confine(plan)
        os.chdir(plan["working_directory"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if plan["sandboxed"]:
            os.dup2(status, STATUS_DESCRIPTOR)
            if plan["filter"]:
                os.dup2(os.open(plan["filter"], os.O_RDONLY), FILTER_DESCRIPTOR)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(plan["argv"][0], plan["argv"], plan["env"])
    except OSError as failure:
        os.write(output, f"can't run {plan['argv'][0]}: {failure}\n".encode())
    finally:
        os._exit(127)


def confine(plan: "Plan") -> None:
    """Join the control groups and take the limits that this machine grants; none is worth a failed start."""
    for group in plan["cgroups"]:
        try:
            with open(f"{group}/cgroup.procs", "w") as stream:
                stream.write(str(os.getpid()))
        except OSError:
            continue
    for kind, limit in ((resource.RLIMIT_DATA, plan["data_limit"]), (resource.RLIMIT_NPROC, plan["process_limit"])):
        if limit is not None:
            try:
                resource.setrlimit(kind, (limit, limit))
            except (OSError, ValueError):
                continue


def wait_for_harness(bubblewrap: int, status: int, output: int) -> int | None:
    """The pid, on the host, of the process in the sandbox; None when it has ended already."""
    deadline, text, init = time.monotonic() + START_SECONDS, "", None
    os.set_blocking(status, False)
    while time.monotonic() < deadline:
        text += read_now(status)
        init = init or child_pid(text)
        found = children(init) if init else []
        if found:
            return found[0]
        if os.waitid(os.P_PID, bubblewrap, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if "exit-code" in text + read_now(status):
                return None
            raise RuntimeError(f"the sandbox could not be set up: {read_now(output, wait=True).strip()}")
        time.sleep(POLL_SECONDS)
    os.kill(bubblewrap, signal.SIGKILL)
    raise RuntimeError(f"the sandbox was not up after {START_SECONDS} s")


def child_pid(text: str) -> int | None:
    for line in text.splitlines():
        if line.endswith("}") and "child-pid" in line:
            return int(json.loads(line)["child-pid"])
    return None


def children(parent: int) -> list[int]:
    try:
        with open(f"/proc/{parent}/task/{parent}/children") as stream:
            return [int(pid) for pid in stream.read().split()]
    except OSError:
        return []


def read_now(descriptor: int, wait: bool = False) -> str:
    """What there is to read now, or within a second."""
    if not select.select([descriptor], [], [], 1 if wait else 0)[0]:
        return ""
    return os.read(descriptor, 65536).decode(errors="replace")


def open_process(pid: int | None) -> int:
    try:
        return os.pidfd_open(pid) if pid else -1
    except ProcessLookupError:
        return -1


def record(folder: str, plan: "Plan", harness: int | None) -> None:
    """run.json, written whole."""
    me = os.getpid()
    with open(f"/proc/{me}/stat") as stream:
        start = int(stream.read().rsplit(")", 1)[1].split()[19])
    run = {"run_id": plan["run_id"], "shim": me, "shim_start": start, "boot": plan["boot"], "pid": harness}
    run |= {"started": time.time(), "cgroups": plan["cgroups"]}
    with open(f"{folder}/.run.json.new", "w") as stream:
        json.dump(run, stream)
    os.rename(f"{folder}/.run.json.new", f"{folder}/run.json")


def read_plan(folder: str) -> "Plan":
    with open(f"{folder}/launch.json") as stream:
        return json.load(stream)


def prctl(option: int, value: int) -> None:
    """Best effort: a kernel that refuses leaves only the weaker ways of finding leftovers."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

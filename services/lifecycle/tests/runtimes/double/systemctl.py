"""systemctl, for units `container@<name>.service` and for the harness inside."""

import os
import sys
import time
from pathlib import Path

from host import Host, Record, fail, now, start_time

SECONDS = 60
SIGHUP, SIGKILL, SIGUSR1, SIGTERM = 1, 9, 10, 15  # the signal module would cost more than all the rest


def systemctl(host: Host, argv: list[str]) -> int:
    words = [word for word in argv if not word.startswith("-")]
    if "--machine" in argv:
        name = argv[argv.index("--machine") + 1]
        return inside(host, name, [word for word in words if word != name])
    if "--property" in argv:
        properties = argv[argv.index("--property") + 1]
        words.remove(properties)
        return show(host, properties.split(","), words[1:])
    if words[0] == "daemon-reload":
        return daemon_reload(host)
    name = words[1].removeprefix("container@").removesuffix(".service")
    if words[0] == "start":
        return start(host, name)
    if words[0] == "stop":
        return stop(host, name, wait="--no-block" not in argv)
    if words[0] == "kill":
        return kill(host, name)
    if words[0] == "reload":
        return reload(host, name)
    if words[0] == "reset-failed":
        return reset_failed(host, name)
    return fail(f"Unknown command verb {words[0]}.")


def show(host: Host, properties: list[str], units: list[str]) -> int:
    blocks: list[str] = []
    for unit in units:
        with host.locked():
            record = host.unit(unit.removeprefix("container@").removesuffix(".service"))
        is_up = record["active"] not in ("inactive", "failed")
        values = {
            "Id": unit,
            "ActiveState": record["active"],
            "Result": record["result"],
            "ExecMainCode": record.get("code", 0),
            "ExecMainStatus": record.get("status", 0),
            "InvocationID": record.get("invocation", ""),
            "MainPID": record["pid"] if is_up else 0,
            "ActiveEnterTimestampMonotonic": record.get("entered", 0),
            "InactiveEnterTimestampMonotonic": record.get("left", 0),
            "NeedDaemonReload": "yes" if needs_reload(host, unit) else "no",
        }
        blocks.append("".join(f"{key}={values[key]}\n" for key in properties))
    sys.stdout.write("\n".join(blocks))
    return 0


def needs_reload(host: Host, unit: str) -> bool:
    loaded = host.systemd / "drop-ins" / unit.removeprefix("container@").removesuffix(".service")
    present = host.root / "units" / f"{unit}.d" / "hyperhive.conf"
    known = loaded.read_text() if loaded.exists() else ""
    return known != (present.read_text() if present.exists() else "")


def daemon_reload(host: Host) -> int:
    """Only now what lies in drop-ins counts."""
    loaded = host.systemd / "drop-ins"
    loaded.mkdir(exist_ok=True)
    for file in loaded.iterdir():
        file.unlink()
    for file in (host.root / "units").glob("container@*.service.d/*.conf"):
        name = file.parent.name.removeprefix("container@").removesuffix(".service.d")
        (loaded / name).write_text(file.read_text())
    return 0


def start(host: Host, name: str) -> int:
    with host.locked():
        record = host.unit(name)
        if record["active"] == "active":
            return 0
        if record["active"] == "failed":
            return fail(f"Failed to start container@{name}.service: start request repeated too quickly; "
                        "see 'systemctl reset-failed'")  # fmt: skip
        if record["active"] == "deactivating":
            return fail(f"Job for container@{name}.service canceled.")
        if not host.conf(name).exists() or not host.profile(name).exists():
            host.put(name, {"active": "failed", "result": "exit-code", "code": 1, "status": 1, "pid": 0,
                            "started": None, "invocation": os.urandom(16).hex(), "left": now()})  # fmt: skip
            host.note(name, "the container has no system")
            return fail(f"Job for container@{name}.service failed because the control process exited with error code.")
        ready = begin(host, name)
    if not ready:
        return fail(f"Job for container@{name}.service failed.")
    return 0


def begin(host: Host, name: str) -> bool:
    import subprocess  # not for each of the many calls that only look

    (host.systemd / f"{name}.exit").unlink(missing_ok=True)
    (host.systemd / f"{name}.inside").unlink(missing_ok=True)
    reading, writing = os.pipe()
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        f"from programs import main; main('machine', {str(host.root)!r}, [{name!r}, '{writing}'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-IS", "-c", code],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(host.systemd / f"{name}.errors").open("w"),
        pass_fds=(writing,),
    )
    os.close(writing)
    record: Record = {"active": "active", "result": "success", "pid": process.pid, "entered": now(),
                      "started": start_time(process.pid), "invocation": os.urandom(16).hex()}  # fmt: skip
    host.put(name, record)
    with os.fdopen(reading) as stream:
        said = stream.read()
    host.put(name, record | {"entered": now()})
    return said == "ready"


def stop(host: Host, name: str, *, wait: bool) -> int:
    with host.locked():
        record = host.unit(name)
        if record["active"] in ("inactive", "failed"):
            return 0
        host.put(name, record | {"active": "deactivating"})
        os.kill(record["pid"], SIGTERM)
    return 0 if not wait or until(lambda: start_time(record["pid"]) != record["started"]) else 1


def kill(host: Host, name: str) -> int:
    with host.locked():
        record = host.unit(name)
        if record["active"] in ("inactive", "failed"):
            return fail(f"Failed to kill unit container@{name}.service: Unit container@{name}.service not loaded.")
        os.kill(record["pid"], SIGKILL)
    return 0


def reset_failed(host: Host, name: str) -> int:
    with host.locked():
        if host.unit(name)["active"] == "failed":
            host.forget(name)
            return 0
    return 0


def reload(host: Host, name: str) -> int:
    """`switch-to-configuration test` of what the profile names, run inside."""
    with host.locked():
        record = host.unit(name)
    if record["active"] != "active":
        return fail(f"container@{name}.service is not active, cannot reload.")
    system = host.profile(name).resolve()
    broken = system / "switch-fails"
    host.note(name, f"switching to {system}")
    if broken.exists():
        host.note(name, broken.read_text().strip())
        return fail(f'Job for container@{name}.service failed.\nSee "systemctl status container@{name}.service".')
    return signal_inside(host, name, record, SIGUSR1)


def inside(host: Host, name: str, words: list[str]) -> int:
    with host.locked():
        record = host.unit(name)
    if record["active"] != "active":
        return fail("Failed to connect to bus: Host is down")
    if words != ["restart", "hyperhive-harness.service"]:
        return fail(f"Unit {words[-1]} not found.", 5)
    return signal_inside(host, name, record, SIGHUP)


def signal_inside(host: Host, name: str, record: Record, number: int) -> int:
    """Returns when that was done, or the machine has ended by it."""
    done = host.systemd / f"{name}.inside"
    before = done.read_text() if done.exists() else ""
    os.kill(record["pid"], number)
    alive = until(
        lambda: (
            (done.exists() and done.read_text() not in ("", before)) or start_time(record["pid"]) != record["started"]
        )
    )
    if not alive or start_time(record["pid"]) != record["started"]:
        return fail(f"Job for container@{name}.service failed.")
    return 0


def until(holds) -> bool:
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

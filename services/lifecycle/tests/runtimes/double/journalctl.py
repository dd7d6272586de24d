"""journalctl: a container's journal by folder or, while it runs, by machine; the host's for the container's unit."""

import json
import re
import sys
import time
from pathlib import Path

from host import Host, Record, fail

_CURSOR = re.compile(r"s=[0-9a-f]{32};i=([0-9a-f]+)")
_LONG = {"-D": "directory", "-M": "machine", "-u": "unit", "-n": "lines", "-o": "output"}


def journalctl(host: Host, argv: list[str]) -> int:
    options = parse(argv)
    file = host.host_journal()
    if "machine" in options:
        name = options["machine"]
        with host.locked():
            if host.unit(name)["active"] != "active":
                return fail(f"Failed to open root directory: No machine '{name}' known")
        file = host.journal(name)
    elif "directory" in options:
        if not Path(options["directory"]).is_dir():
            return fail(f"Failed to open {options['directory']}: No such file or directory")
        file = Path(options["directory"]) / "entries"
    entries = read(file)
    if "unit" in options:
        entries = [entry for entry in entries if entry["_SYSTEMD_UNIT"] == options["unit"]]
    if "since" in options:
        since = int(options["since"].removeprefix("@")) * 1_000_000
        entries = [entry for entry in entries if int(entry["__REALTIME_TIMESTAMP"]) >= since]
    for option in ("cursor", "after-cursor"):
        if option in options:
            found = _CURSOR.fullmatch(options[option])
            if found is None:
                return fail("Failed to seek to cursor: Invalid argument")
            first = int(found.group(1), 16) + (option == "after-cursor")
            entries = [entry for entry in entries if number(entry) >= first]
    if "lines" in options:
        count = int(options["lines"])
        entries = entries[-count:] if count else []
    write(entries, options)
    return 0


def parse(argv: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    words = iter(argv)
    for word in words:
        if word.startswith("--"):
            key, _, value = word[2:].partition("=")
            options[key] = value
        elif word in _LONG:
            options[_LONG[word]] = next(words)
    return options


def read(file: Path) -> list[Record]:
    try:
        return [json.loads(line) for line in file.read_text().splitlines()]
    except FileNotFoundError:
        return []


def number(entry: Record) -> int:
    return int(entry["__CURSOR"].rpartition("=")[2], 16)


def write(entries: list[Record], options: dict[str, str]) -> None:
    if not entries and "quiet" not in options:
        sys.stdout.write("-- No entries --\n")
    for entry in entries:
        if options.get("output") == "json":
            sys.stdout.write(json.dumps(entry) + "\n")
        elif options.get("output") == "cat":
            sys.stdout.write(entry["MESSAGE"] + "\n")
        else:
            at = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(int(entry["__REALTIME_TIMESTAMP"]) / 1e6))
            sys.stdout.write(f"{at} host {entry['SYSLOG_IDENTIFIER']}[{entry['_PID']}]: {entry['MESSAGE']}\n")
    if entries and "show-cursor" in options:
        sys.stdout.write(f"-- cursor: {entries[-1]['__CURSOR']}\n")

"""The nixos runtime with real systemd, journald and systemd-nspawn: a copy of this machine is booted, and in it a
container with the `.conf` file and drop-in that the runtime writes. It needs root and some 30 s, so it runs when asked.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

ASKED = "HIVE_REAL_SYSTEMD"
HERE = Path(__file__).resolve().parent / "real_systemd"
SECONDS = 300

pytestmark = [
    pytest.mark.skipif(ASKED not in os.environ, reason=f"boots systemd; as root, try: {ASKED}=1 ./run test {__file__}"),
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("systemd-nspawn") is None,
        reason="needs root and systemd-nspawn; try: apt-get install -y systemd-container",
    ),
]


async def booted(folder: Path) -> dict:
    """What the probe saw in the machine."""
    out = folder / "out"
    out.mkdir()
    code = Path(__file__).resolve().parents[4]
    boot = ("unshare", "--mount", "--propagation", "private", "bash", HERE / "boot.sh", folder, code, sys.executable)
    with (folder / "boot.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*boot, stdout=log, stderr=log, start_new_session=True)
        try:
            await asyncio.wait_for(process.wait(), SECONDS)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
    seen = out / "seen.json"
    assert seen.exists(), (folder / "boot.log").read_text()[-3000:]
    return json.loads(seen.read_text())


@pytest.mark.spec("LIF-8", door="nix")
@pytest.mark.spec("WAT-4", door="nix")
@pytest.mark.spec("RUN-1", door="nix")
async def test_a_container_of_real_systemd_lives_as_the_runtime_says(tmp_path):
    seen = await booted(tmp_path)
    assert "error" not in seen, seen["error"]
    assert seen["first"]["state"] == "running"
    assert seen["init_uid"] >= 65536  # root inside is nobody in particular outside
    assert (seen["own_file_uid"], seen["shared_file_uid"]) == (50001, 0)
    assert seen["inside"] == {"uid": "0", "own": "0", "shared": "50001", "run": "0"}
    assert seen["limits"] == {"MemoryMax": str(1 << 29), "TasksMax": "200", "Restart": "no"}
    assert seen["restarted"] == seen["first"] | {"lines": 2}
    assert seen["switched"] == seen["first"] | {"lines": 3}
    assert seen["exit 7"] == [7, None, False]
    assert seen["heard"] == [7, None, False]
    assert seen["kill -9"] == [137, 9, False]
    assert seen["stop"] == [0, None, True]
    assert "bye" in seen["stop_lines"]
    assert seen["kill"] == [137, 9, True]
    assert seen["paged"] == seen["whole"]
    assert len(seen["whole"]) > 10

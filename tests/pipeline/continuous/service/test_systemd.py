"""What the service tells systemd, over a socket as systemd makes it."""

import math
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.continuous.service.child import GRACE
from pipeline.continuous.service.systemd import Notifier, environment_of_child
from tests.conftest import PROJECT

UNIT = PROJECT / "docs" / "thaw-retrain.service"


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address)
        server.settimeout(5)
        yield server


def test_states_arrive_as_datagrams(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with listening(address) as server:
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"})
        notifier.ready()
        notifier.status("waits\nfor spans")
        notifier.alive()
        notifier.stopping()
        states = [server.recv(1000).decode() for _ in range(4)]
    assert states == ["READY=1", "STATUS=waits\\x0afor spans", "WATCHDOG=1", "STOPPING=1"]
    assert notifier.interval == 30.0


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="abstract sockets are Linux' own")
def test_an_abstract_socket_is_written_with_an_at_sign() -> None:
    name = f"thaw-test-{os.getpid()}"
    with listening(f"\0{name}") as server:
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert server.recv(1000) == b"READY=1"


def test_without_systemd_nothing_is_sent_and_nothing_fails(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        notifier = Notifier(environment)
        notifier.ready()
        notifier.alive()
        assert notifier.interval == math.inf


def test_the_watchdog_of_another_process_is_not_fed(tmp_path: Path) -> None:
    environment = {"NOTIFY_SOCKET": "@none", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert Notifier(environment).interval == math.inf
    environment["WATCHDOG_PID"] = str(os.getpid())
    assert Notifier(environment).interval == 0.5


def test_a_child_does_not_speak_for_the_service() -> None:
    environment = {"NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/h"}
    assert environment_of_child(environment) == {"HOME": "/h"}


def test_the_unit_passes_systemds_own_check(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        pytest.skip("needs systemd-analyze, which is not on this machine")
    text = UNIT.read_text(encoding="utf-8")
    thaw = "/opt/thaw/.venv/bin/thaw"
    assert f"ExecStart={thaw} retrain " in text
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace(thaw, str(Path(sys.executable).with_name("thaw"))))
    done = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0
    # A mistake in the unit is a warning alone; lines on the machine's own units may come too.
    assert not [line for line in done.stderr.splitlines() if UNIT.stem in line], done.stderr


def test_the_unit_gives_a_run_the_time_that_the_service_gives_it() -> None:
    text = UNIT.read_text(encoding="utf-8")
    (stop,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert int(stop) > 30 > GRACE
    assert re.search("^KillMode=mixed$", text, re.MULTILINE)
    assert re.search("^RestartPreventExitStatus=1 2$", text, re.MULTILINE)

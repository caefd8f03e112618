"""A child of the service: its lines, its status, and how it is ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.continuous.service.child import Child, command
from pipeline.continuous.service.stopping import Stop
from pipeline.continuous.service.systemd import Notifier
from tests.conftest import PROJECT

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stop() -> Iterator[Stop]:
    with Stop(Notifier({})) as stop:
        yield stop


def followed(code: str, stop: Stop, grace: float = 20.0) -> tuple[int, list[str]]:
    """The status and the lines of a program; each line ``ready`` sends this process a SIGTERM."""
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if line == "ready":
            os.kill(os.getpid(), signal.SIGTERM)

    child = Child([sys.executable, "-c", code], say)
    return child.follow(stop, Notifier({}), grace), lines


def test_each_line_of_both_outputs_is_passed_on_and_the_status_returned(stop: Stop) -> None:
    code = (
        "import sys\n"
        "print('one'); sys.stdout.flush()\n"
        "print('two', file=sys.stderr); sys.stderr.flush()\n"
        "print(); print('x' * 100_000); sys.stdout.write('last'); sys.exit(3)\n"
    )
    status, lines = followed(code, stop)
    assert status == 3
    assert [lines[0], lines[1], lines[-1]] == ["one", "two", "last"]
    assert "".join(lines[2:-1]) == "x" * 100_000


def test_a_child_that_a_signal_ends_has_its_negative_number(stop: Stop) -> None:
    status, _ = followed("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", stop)
    assert status == -signal.SIGKILL


def test_a_signal_to_the_service_is_passed_on_as_sigterm(stop: Stop) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('ends', flush=True), sys.exit(143)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    began = time.monotonic()
    assert followed(code, stop) == (143, ["ready", "ends"])
    assert time.monotonic() - began < 15


def test_a_child_that_ignores_sigterm_is_killed_when_its_time_is_up(stop: Stop) -> None:
    began = time.monotonic()
    status, _ = followed(STUBBORN, stop, grace=0.5)
    assert status == -signal.SIGKILL
    assert time.monotonic() - began < 15


def test_a_second_signal_kills_the_child_at_once(stop: Stop) -> None:
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    status, _ = followed(STUBBORN, stop)
    timer.join()
    assert status == -signal.SIGKILL
    assert stop.count == 2
    assert time.monotonic() - began < 15


def test_a_grandchild_that_holds_the_output_open_does_not_keep_the_service_waiting(
    stop: Stop,
) -> None:
    code = (
        "import subprocess, sys\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(other.pid)\n"
    )
    began = time.monotonic()
    status, (pid,) = followed(code, stop)
    psutil.Process(int(pid)).kill()
    assert status == 0
    assert time.monotonic() - began < 15


def test_a_wait_ends_with_a_signal_and_so_does_each_later_one(stop: Stop) -> None:
    assert stop.wait(0.01) is False
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()
    assert stop.wait(60.0) is True
    assert stop.wait(60.0) is True
    assert time.monotonic() - began < 10


def test_a_signal_that_is_ignored_stays_so_and_handlers_come_back() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop(Notifier({})) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) == stop._take
            assert stop.count == 0
        assert signal.getsignal(signal.SIGTERM) == before[signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])


def test_the_child_is_thaw_in_the_current_folder(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    status = Child(command(["versions", "none.yaml"]), lines.append).follow(stop, Notifier({}))
    assert status == 2
    assert lines == [
        f"thaw: CONFIG: could not read {tmp_path / 'none.yaml'} (No such file or directory); give "
        "the path of a YAML file"
    ]


def test_the_child_ends_when_the_service_is_gone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")  # The child waits for somebody to write to it.
    child = subprocess.Popen(
        command(["versions", str(tmp_path / "config.yaml")]),
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, errors = child.communicate(timeout=60)  # Closes its input, as a killed service would.
    assert (child.returncode, errors) == (1, b"")

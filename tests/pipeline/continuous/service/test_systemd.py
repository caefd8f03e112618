"""What the service tells systemd, over a socket as systemd makes it."""

import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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

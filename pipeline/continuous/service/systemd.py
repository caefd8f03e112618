"""Tells systemd how the service is: sd_notify's protocol, a datagram of ``KEY=value`` lines.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import contextlib
import math
import os
import socket
from collections.abc import Mapping

from modules.text import printable

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Sends states to the socket that systemd has named; does nothing where there is none.

    A state that cannot be sent is dropped: the service does not depend on who watches it.

    Attributes:
        interval: how many seconds may lie between two calls of ``alive``: half of the unit's
            ``WatchdogSec``; infinite where there is none.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        address = variables.get("NOTIFY_SOCKET", "")
        # systemd writes @ for the zero byte of an abstract socket, which is in no file system.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.interval = _interval(variables) if address else math.inf

    def ready(self) -> None:
        """The service has started."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Shows a line in ``systemctl status``."""
        self._send(f"STATUS={printable(text)}")

    def alive(self) -> None:
        """The loop still turns."""
        if self.interval < math.inf:
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service is about to end."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
        ):
            channel.sendto(state.encode(), self._address)


def environment_of_child(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without systemd's variables: a child must not speak for the service."""
    return {name: value for name, value in environment.items() if name not in _VARIABLES}


def _interval(variables: Mapping[str, str]) -> float:
    meant_for = variables.get("WATCHDOG_PID", "")
    microseconds = variables.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or meant_for not in ("", str(os.getpid())):
        return math.inf
    return int(microseconds) / 2e6 or math.inf

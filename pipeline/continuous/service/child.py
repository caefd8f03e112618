"""Runs a command in a process of its own, takes its lines, and ends it when that is asked for."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from components.subprocess_runner import PACKAGES
from pipeline.continuous.service.stopping import Stop
from pipeline.continuous.service.systemd import Notifier, environment_of_child

GRACE = 25.0  # seconds between SIGTERM and SIGKILL: the service has promised to end within 30
_POLL = 1.0  # seconds; a grandchild may hold the pipe open when the child has ended
_LONGEST = 1 << 16  # bytes of a line


def command(arguments: Sequence[str]) -> list[str]:
    """The command that runs ``thaw`` with these arguments, in the current folder."""
    module = "pipeline.cli.one_run"
    return [sys.executable, "-m", module, str(Path.cwd()), *arguments]


class Child:
    """A process and the lines that it prints.

    It has a session of its own, so that Ctrl-C reaches the service alone. Its standard input ends
    with the service, and ``pipeline.cli.one_run`` with it.
    """

    def __init__(self, command: Sequence[str], say: Callable[[str], None]) -> None:
        self._say = say
        self._rest = b""
        self._process = subprocess.Popen(
            command,
            # ``-m`` looks into the current folder first, which may hold a package of the same name.
            cwd=PACKAGES,
            env={**environment_of_child(os.environ), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def follow(self, stop: Stop, notifier: Notifier, grace: float = GRACE) -> int:
        """Takes its lines until it has ended.

        The first signal to the service is passed on as SIGTERM. After the second, or when the
        child still runs ``grace`` seconds later, it and all that it has started are killed.

        Returns:
            Its exit status, negative for the signal that ended it.
        """
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        os.set_blocking(output, False)
        is_open = True
        kill_at = float("inf")
        while self._process.poll() is None:
            notifier.alive()
            if stop.count and kill_at == float("inf"):
                self._process.terminate()
                kill_at = time.monotonic() + grace
            if stop.count > 1 or time.monotonic() > kill_at:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                break
            patience = min(_POLL if is_open else 0.05, notifier.interval)
            ready, _, _ = select.select(
                [stop.pipe, *([output] if is_open else [])], [], [], patience
            )
            if stop.pipe in ready:
                os.read(stop.pipe, 512)
            if output in ready:
                is_open = self._take(output)
        while is_open and select.select([output], [], [], 0)[0]:
            is_open = self._take(output)
        self._close()
        return self._process.returncode

    def _take(self, output: int) -> bool:
        """Takes what can be read; whether more may come."""
        try:
            read = os.read(output, _LONGEST)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + read).split(b"\n")
        if not read or len(self._rest) > _LONGEST:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            if text := line.decode(errors="replace").rstrip():
                self._say(text)
        return bool(read)

    def _close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        if self._rest:
            self._say(self._rest.decode(errors="replace").rstrip())

"""Takes the signals that ask the service to end, and waits for them."""

import contextlib
import os
import select
import signal
import time
from types import FrameType, TracebackType

from pipeline.continuous.service.systemd import Notifier

# SIGHUP comes when the terminal is closed; under nohup it is ignored, and stays so.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST_WAIT = 3600.0  # seconds; select refuses centuries


class Stop:
    """Counts the signals, from its ``with`` line on; nothing is raised.

    A handler that sets a ``threading.Event`` may run while the same thread holds the event's lock,
    so it writes to a pipe instead, which ends each wait.

    Attributes:
        count: how many signals have come.
        pipe: the descriptor that can be read when a signal has come.
    """

    def __init__(self, notifier: Notifier) -> None:
        self.count = 0
        self.pipe, self._write = os.pipe()
        self._notifier = notifier
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> "Stop":
        os.set_blocking(self._write, False)
        for number in _SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        os.close(self.pipe)
        os.close(self._write)

    def wait(self, seconds: float) -> bool:
        """Waits so long, or until a signal comes; whether one has come by now."""
        until = time.monotonic() + seconds
        while not self.count:
            self._notifier.alive()
            left = until - time.monotonic()
            if left <= 0:
                break
            select.select([self.pipe], [], [], min(left, self._notifier.interval, _LONGEST_WAIT))
        return bool(self.count)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.count += 1
        with contextlib.suppress(BlockingIOError):  # The pipe is full of signals.
            os.write(self._write, b"!")

"""Runs work in a process of its own, so that a crash or a hang there does not end the run."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modules.text import printable

_ERRORS = "stderr"
PACKAGES = Path(__file__).parents[1]  # the folder of Thaw's packages


@dataclass(frozen=True)
class End:
    """How a process ended.

    Attributes:
        code: its exit status, negative for the signal that ended it; None if its time was up.
        said: the last line that it printed, as ``printable`` text; empty if it printed none.
    """

    code: int | None
    said: str

    @property
    def signal(self) -> str:
        """The name of the signal that ended it; empty if none did."""
        if self.code is None or self.code >= 0:
            return ""
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"signal {-self.code}"


def run(command: Sequence[str], folder: Path, seconds: float) -> End:
    """Runs a command and waits; when its time is up, it and all that it started are killed.

    Args:
        command: gets the folder's path as its last argument.
        folder: what it prints is kept there, in a file.
        seconds: its time.
    """
    with (folder / _ERRORS).open("wb") as errors:
        process = subprocess.Popen(
            [*command, str(folder)],
            # ``-m`` looks into the current folder first, which may hold a package of the same name.
            cwd=PACKAGES,
            # The system closes it when this process ends, however that happens.
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )
        code: int | None = None
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.returncode is None:  # It hangs, or the run is being interrupted.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdin:
                process.stdin.close()
    return End(code, _last_line(folder / _ERRORS))


def watch_parent() -> None:
    """Ends this process when its standard input ends: the process that called ``run`` is gone."""
    threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _last_line(path: Path) -> str:
    lines = path.read_bytes().decode(errors="replace").strip().splitlines()
    return printable(lines[-1]) if lines else ""

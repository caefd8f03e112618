"""Runs a command in a process of its own and measures it."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """A command's wall seconds, and the peak memory of its largest process in MB."""

    seconds: float
    peak_mb: float


# Measures the child from inside a fresh interpreter, so that nothing else counts.
_WATCH = (
    "import resource, subprocess, sys\n"
    "code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    "sys.exit(code)\n"
)


def run(command: Sequence[str], folder: Path) -> Cost:
    """Runs a command to its end.

    Raises:
        subprocess.CalledProcessError: when it fails.
    """
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    unit = 1 if sys.platform == "darwin" else 1024
    peak = int(done.stdout.strip().splitlines()[-1]) * unit / (1 << 20)
    return Cost(time.monotonic() - started, peak)


def bytes_in(folder: Path) -> int:
    """Returns the size of all files below a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

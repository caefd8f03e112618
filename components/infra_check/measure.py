"""Memory, size and latency."""

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

_MB = 1 << 20


def size_mb(folder: str) -> float:
    """What the files of a folder weigh, MB (2**20 bytes)."""
    files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return round(sum(path.stat().st_size for path in files) / _MB, 1)


def memory_mb() -> dict[str, float]:
    """What this process holds (``now``), and the most that it has held (``peak``), MB (2**20).

    On Linux ``getrusage`` also counts the program that a process was forked from, so that a small
    program that a large one starts seems large; ``/proc`` has the program's own peak. On other
    systems both numbers are the peak.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
        peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB, 1)
        return {"now": peak, "peak": peak}
    rows = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    kib = {name: int(rows[key].split()[0]) for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}
    return {name: round(value * 1024 / _MB, 1) for name, value in kib.items()}


def milliseconds(calls: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """How long each call took; those that would begin after ``seconds`` are left out."""
    started = time.perf_counter()
    times: list[float] = []
    for call in calls:
        begun = time.perf_counter()
        if times and begun - started > seconds:
            break
        call()
        times.append(1000 * (time.perf_counter() - begun))
    return times


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """``p50`` and ``p99`` of at least one time, interpolated linearly."""
    p50, p99 = np.percentile(times, [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}

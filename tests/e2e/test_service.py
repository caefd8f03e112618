"""``thaw retrain --watch`` as a service, with real runs: signals, a kill, and 200 empty periods."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import GLYPHS
from tests.e2e.thaw import THAW, alone, tree
from tests.faults.running import LIGHT, Attempt, add_digits

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PERIODS = 200
MOST_GROWTH = 5 << 20  # bytes
CONFIG = f"""
data: {{path: "spans/{{SPAN}}", window: {{spans: 2}}}}
backbone: {{handle: {GLYPHS}}}
"""


@contextmanager
def service(config: Path, root: Path, *arguments: str) -> Iterator[Attempt]:
    """A service with a period of a second; it has ended, one way or another, afterwards."""
    command = [THAW, "retrain", config, "--root", root, *LIGHT, "--watch", "--every", "1s"]
    with (config.parent / "errors").open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*map(str, command), "--log", "json", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    attempt = Attempt(root, process)
    reader = threading.Thread(target=attempt.follow)
    reader.start()
    try:
        yield attempt
    finally:
        process.kill()
        process.wait()
        reader.join(60)


def records(attempt: Attempt, event: str) -> list[dict[str, Any]]:
    """Those lines of a log that tell of an event."""
    return [line for line in map(json.loads, attempt.lines) if line["event"] == event]


def ended(attempt: Attempt, number: int) -> float:
    """Sends a signal; how many seconds later the service has ended with status 0."""
    began = time.monotonic()
    os.kill(attempt.process.pid, number)
    assert attempt.wait_for_end() == 0
    return time.monotonic() - began


def decisions(root: Path) -> int:
    return (root / "decisions.jsonl").read_bytes().count(b"\n")


def test_a_service_can_be_stopped_and_killed_in_a_run_and_stays_as_it_is_while_nothing_comes(
    tmp_path: Path,
) -> None:
    config, root = tmp_path / "photos.yaml", tmp_path / "root"
    config.write_text(CONFIG)
    add_digits(tmp_path / "spans" / "1", 0, 25)

    with service(config, root) as first:
        assert first.wait_for("epoch=2/8")
        (child,) = psutil.Process(first.process.pid).children()
        first.process.kill()
        assert not psutil.wait_procs([child], timeout=10)[1], "a killed service left its run"

    with service(config, root) as second:
        assert second.wait_for("goes on")
        assert second.wait_for("epoch=")
        assert ended(second, signal.SIGTERM) < 30
        assert records(second, "run_stopped")

    with service(config, root, "--http", "0") as third:
        assert third.wait_for("goes on")
        assert third.wait_for('"run_status": "pushed"')
        (end,) = records(third, "poll_ended")
        assert (end["status"], end["answer"]) == (0, "yes")

        other = alone("retrain", config, "--root", root, "--watch")
        assert (other.code, other.out) == (75, "")
        assert re.fullmatch("thaw: root: another thaw retrain --watch .*\n", other.err)
        assert alone("versions", config, "--root", root).code == 0

        wait_for_decisions(root, 5)
        before, entered = tree(root), decisions(root)
        process = psutil.Process(third.process.pid)
        memory = process.memory_info().rss
        wait_for_decisions(root, PERIODS)
        assert process.memory_info().rss - memory < MOST_GROWTH
        assert ended(third, signal.SIGINT) < 4
        after = tree(root)
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        assert changed == {"decisions.jsonl"}
        assert decisions(root) >= entered + PERIODS
        assert len(records(third, "poll_ended")) == 1
    assert len([path for path in (root / "serving").iterdir() if path.name.isdigit()]) == 1


def wait_for_decisions(root: Path, more: int) -> None:
    """Waits until there are so many more decisions."""
    enough, until = decisions(root) + more, time.monotonic() + 20 + 10 * more
    while decisions(root) < enough:
        assert time.monotonic() < until
        time.sleep(0.2)

"""A run in a process of its own that is killed, with SIGKILL, at a chosen moment."""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.conftest import PROJECT
from tests.e2e.thaw import DIGITS, THAW

# As the display names them, in the order in which they run.
NODES = (
    "curated_schema", "image_example_gen", "statistics_gen", "example_validator", "data_check",
    "transform", "trainer", "baseline", "evaluator", "infra_check", "gate", "model_card", "pusher",
    "run_summary",
)  # fmt: skip
LIGHT = (
    "--set", "finetune.stages=[{name: head, epochs: 8, learning_rate: 0.01}]",
    "--set", "evaluation={min_accuracy: 0.1, min_examples: 10, margin: 0.5, max_drop: 0.5, "
    "max_class_drop: 1.0, no_skill: allow, zero_recall: allow}",
    "--set", "infra.requests=20",
)  # fmt: skip
_PATIENCE = 900.0  # seconds, for machines that do much else
_ENDED = re.compile(r"^(\w+) (done|has nothing new) in ")


def add_digits(folder: Path, first: int, count: int) -> int:
    """Copies so many images of each class into a folder, from the first-th on; returns how many."""
    for label in sorted(path.name for path in (PROJECT / "data" / "digits").iterdir()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        images = sorted((PROJECT / "data" / "digits" / label).iterdir())[first : first + count]
        for image in images:
            shutil.copy(image, folder / label / image.name)
    return len(list(folder.rglob("*.png")))


@dataclass(frozen=True)
class Moment:
    """When a run is killed: behind a line, when a file is there, after some seconds.

    Attributes:
        node: whose turn it must be, or "prepare", or "" for none: all nodes have ended.
        seconds: how long to wait, at last.
        line: what a line must hold that is waited for first; the node's turn where it is empty.
        path: a pattern, below the root, of something that must then be there and was not before.
    """

    node: str
    seconds: float = 0.0
    line: str = ""
    path: str = ""

    def __str__(self) -> str:
        result = [self.node or "end", self.line, self.path, f"{self.seconds:g} s"]
        return " ".join(part for part in result if part)


@dataclass
class Attempt:
    """One run and what it printed."""

    root: Path
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def follow(self) -> None:
        """Takes the lines in, in a thread of its own."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.more:
                self.lines.append(line.rstrip("\n"))
                self.more.notify_all()
        with self.more:
            self.ended = True
            self.more.notify_all()

    def wait_for(self, pattern: str) -> bool:
        """Waits for a line; whether it came before the end."""

        def found() -> bool:
            return any(re.search(pattern, line) for line in self.lines)

        with self.more:
            came = self.more.wait_for(lambda: found() or self.ended, _PATIENCE)
        assert came, f"no line like {pattern!r} within {_PATIENCE} s: {self.lines}"
        return found()

    def wait_for_end(self) -> int:
        """Waits until it has ended by itself; its exit status."""
        with self.more:
            assert self.more.wait_for(lambda: self.ended, _PATIENCE), f"no end: {self.lines}"
        return self.process.wait(_PATIENCE)

    def wait_until(self, moment: Moment) -> None:
        """Waits for a moment, or the end."""
        before = set(self.root.glob(moment.path)) if moment.path else set()
        if not self.wait_for(moment.line or _turn_of(moment.node)):
            return
        until = time.monotonic() + _PATIENCE
        while moment.path and not self.ended and not set(self.root.glob(moment.path)) - before:
            assert time.monotonic() < until, f"no {moment.path} within {_PATIENCE} s"
            time.sleep(0.0005)
        time.sleep(moment.seconds)

    def kill(self) -> bool:
        """Kills it, and waits until all that it started is gone; whether it was still running."""
        family: list[psutil.Process] = []
        alive = self.process.poll() is None
        if alive:
            family = psutil.Process(self.process.pid).children(recursive=True)
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)
        _, left = psutil.wait_procs(family, timeout=30)
        assert not left, (
            f"a killed run has left {[' '.join(process.cmdline()) for process in left]}"
        )
        return alive

    def nodes(self, how: str) -> set[str]:
        """Which nodes ended: ``done`` or ``has nothing new``."""
        ends = [_ENDED.match(line) for line in self.lines]
        return {end[1] for end in ends if end and end[1] in NODES and end[2] == how}


@contextmanager
def started(root: Path, *arguments: str) -> Iterator[Attempt]:
    """Starts a run of the digits, as ``begun``."""
    with begun(root, "run", str(DIGITS), *LIGHT, *arguments) as attempt:
        yield attempt


@contextmanager
def begun(root: Path, command: str, config: str, *arguments: str) -> Iterator[Attempt]:
    """Starts a command in a process group of its own; afterwards it has ended, somehow."""
    with (root.parent / "stderr").open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [str(THAW), command, config, "--root", str(root), *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    attempt = Attempt(root, process)
    reader = threading.Thread(target=attempt.follow)
    reader.start()
    try:
        yield attempt
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_PATIENCE)
        reader.join(_PATIENCE)


def _turn_of(node: str) -> str:
    if node == "prepare":
        return "^run "
    if node == NODES[0]:
        return "^prepare done"
    before = NODES[NODES.index(node) - 1] if node else NODES[-1]
    return f"^{before} (done|has nothing new)"

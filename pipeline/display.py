"""Shows progress: bars at a terminal, plain lines on a pipe; all other output goes to a log."""

import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from modules import progress
from modules.text import printable, without_secrets

# With newer versions of protobuf, TFX takes these parts of a query for set when they are not, and
# warns, for each input of each node, that it ignores them.
_NOISE = re.compile(r"property_predicate is not supported|filter_query")


@contextmanager
def logged_to(path: Path, *, verbose: bool) -> Iterator[TextIO]:
    """Redirects everything that this process and its libraries print to a file.

    TensorFlow's C++ code writes to the file descriptors themselves, so these are redirected. Output
    that no longer fits on the log's disk is dropped.

    Args:
        path: of the log file; its folder is created.
        verbose: whether log records are shown on the terminal's standard error too.

    Yields:
        The original standard output, for what the user should see.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    with _log(path) as log, os.fdopen(os.dup(1), "w") as visible:
        handlers: list[logging.Handler] = [logging.StreamHandler(log)]
        error = os.fdopen(os.dup(2), "w")
        if verbose:
            handlers.append(logging.StreamHandler(error))
            handlers[-1].addFilter(lambda record: not _NOISE.search(record.getMessage()))
        for handler in handlers:
            handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(message)s"))
        root.handlers[:] = handlers
        root.setLevel(logging.INFO)
        logging.raiseExceptions = False  # A full disk leaves no place to report that.
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield visible
        finally:
            for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
                _flush(stream, number)
            for number, saved in enumerate(kept, start=1):
                os.dup2(saved, number)
                os.close(saved)
            root.handlers[:], level, logging.raiseExceptions = before
            root.setLevel(level)
            error.close()


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Drops the output of libraries; yields as ``logged_to``."""
    with (
        tempfile.TemporaryDirectory() as folder,
        logged_to(Path(folder) / "log", verbose=False) as visible,
    ):
        yield visible


@contextmanager
def shown_on_standard_error() -> Iterator[None]:
    """Sends what a run shows to standard error; standard output is for what a program reads."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _log(path: Path) -> Iterator[TextIO]:
    """A file to append to; its folder is created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.open("a", encoding="utf-8")
    try:
        yield log
    finally:
        with suppress(OSError):
            log.close()


def _flush(stream: TextIO, number: int) -> None:
    """Empties a stream, so that the user sees nothing of it once its descriptor is restored."""
    try:
        stream.flush()
    except OSError:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), number)
        stream.flush()


class _Lines(logging.Formatter):
    """Keeps a text from looking like another record, and from controlling a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, its further lines indented, its addresses without what may be a secret."""
        text = without_secrets(super().format(record))
        return "\n    ".join(map(printable, text.split("\n")))


class Display(logging.Handler):
    """Shows which component runs, and what ``modules.progress`` reports meanwhile."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False)
        self._bars = (
            Progress(
                # Fits into 80 columns, the note being cut where it does not.
                TextColumn("{task.description}", table_column=Column(min_width=17)),
                BarColumn(bar_width=10, table_column=Column(min_width=10)),
                TextColumn("{task.fields[count]}", table_column=Column(min_width=9)),
                TimeRemainingColumn(
                    compact=True, elapsed_when_finished=True, table_column=Column(min_width=5)
                ),
                TextColumn(
                    "{task.fields[note]}",
                    markup=False,
                    table_column=Column(no_wrap=True, overflow="ellipsis"),
                ),
                console=self._console,
            )
            if self._console.is_terminal
            else None
        )
        self.component = ""  # that is running
        self._task: TaskID | None = None
        self._started = 0.0
        self._done = 0.0

    def __enter__(self) -> "Display":
        progress.LOGGER.addHandler(self)
        progress.LOGGER.setLevel(logging.INFO)
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        progress.LOGGER.removeHandler(self)
        if self._bars:
            self._bars.stop()

    def say(self, line: str) -> None:
        """Prints a line, made ``printable``, above the bars if there are any."""
        self._console.print(printable(without_secrets(line)), markup=False)

    def start(self, component: str) -> None:
        """Shows that a component begins."""
        self.component = component
        self._started = time.monotonic()
        self._done = 0.0
        if self._bars:
            self._task = self._bars.add_task(component, total=None, count="", note="")

    def finish(self, component: str, *, cached: bool = False) -> float:
        """Shows that a component has ended, or came from the cache; returns its seconds."""
        seconds = time.monotonic() - self._started
        if self._bars and self._task is not None:
            self._bars.update(self._task, total=1, completed=1)
            if cached:
                self._bars.update(self._task, note="nothing new")
        else:
            self.say(f"{component} {'has nothing new' if cached else 'done'} in {seconds:.1f} s")
        return seconds

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one report; called by ``logging``."""
        fields = progress.fields_of(record)
        if not self._bars or self._task is None or not fields:
            self.say(record.getMessage())
            return
        total, advance = _number(fields.get("total")), _number(fields.get("advance"))
        self._done = self._done + advance if advance else _number(fields.get("done"))
        self._bars.update(
            self._task,
            total=total,
            completed=self._done,
            count=f"{self._done:g}/{total:g}",
            note=printable(fields.get("note", "")),
        )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

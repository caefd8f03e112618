"""Runs the command line as a person does, in this process or in one of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from pipeline.cli import main
from tests.conftest import PROJECT

THAW = Path(sys.executable).with_name("thaw")
DIGITS = PROJECT / "configs" / "digits.yaml"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def thaw(*arguments: str | Path, **environment: str) -> Done:
    """Runs ``thaw`` with these arguments in this process; never raises for its exit status.

    A process of its own would pay the 8 seconds of imports anew. What a test says of the process
    itself (signals, what is imported, what the environment changes before that) takes ``alone``.
    """
    handler = signal.getsignal(signal.SIGTERM)
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", ["thaw", *map(str, arguments)]),
        _captured() as (out, err),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            signal.signal(signal.SIGTERM, handler)
    return Done(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def alone(*arguments: str | Path, **environment: str) -> Done:
    """As ``thaw``, in a process of its own."""
    done = subprocess.run(
        [str(THAW), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=900,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def _captured() -> Iterator[tuple[Path, Path]]:
    """Sends both outputs, the descriptors themselves too, to files, which it yields."""
    streams = (sys.stdout, sys.stderr)
    files = []
    for stream in streams:
        stream.flush()
        number, name = tempfile.mkstemp(prefix="thaw-output-")
        os.close(number)
        files.append(Path(name))
    kept = [os.dup(number) for number in (1, 2)]
    try:
        for number, file in enumerate(files, start=1):
            target = os.open(file, os.O_WRONLY | os.O_APPEND)
            os.dup2(target, number)
            os.close(target)
        with open(os.dup(1), "w") as sys.stdout, open(os.dup(2), "w") as sys.stderr:
            yield files[0], files[1]
    finally:
        sys.stdout, sys.stderr = streams
        for number, saved in enumerate(kept, start=1):
            os.dup2(saved, number)
            os.close(saved)


def summary_in(root: Path) -> dict[str, Any]:
    """The root's latest summary."""
    record = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(record, dict)
    return record


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder and what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }

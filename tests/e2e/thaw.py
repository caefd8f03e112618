"""Runs the command line as a person does, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """Runs ``thaw`` with these arguments; never raises for its exit status."""
    done = subprocess.run(
        [str(THAW), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=900,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def summary_in(root: Path) -> dict[str, Any]:
    """The root's latest summary."""
    found = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder and what they hold."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }

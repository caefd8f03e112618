"""The probe's report, written line by line, so that a crash leaves the lines before it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.infra_check.outcome import Check
from modules.text import cause

_FILE = "report.jsonl"
# The keys of a line: a check that starts, its result, a measurement, and the last line.
_DOING, _DONE, _MEASURED, _END = "doing", "done", "measured", "end"

CheckResult = tuple[list[str], str]  # problems, and what was seen


class Reporter:
    """The probe's side; writes to a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def _line(self, form: str, value: Any) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({form: value}) + "\n")

    def check(self, name: str, work: Callable[[], CheckResult]) -> bool:
        """Does one check and reports its result; whatever it raises is a problem.

        Returns:
            Whether it passed.
        """
        self._line(_DOING, name)
        try:
            problems, detail = work()
        except Exception as error:  # It is the model's, whatever it is.
            problems, detail = [f"{name}: {type(error).__name__}: {cause(error)}"], ""
        self._line(_DONE, [name, problems, detail])
        return not problems

    def measured(self, key: str, value: Any) -> None:
        """Reports a measurement."""
        self._line(_MEASURED, [key, value])

    def end(self) -> None:
        """Reports that all checks were done."""
        self._line(_END, True)


@dataclass(frozen=True)
class Report:
    """The reader's side: what a probe has reported so far.

    Attributes:
        checks: those that were done.
        measured: by key.
        doing: the check that was started last; empty before the first.
        whole: whether the probe did all checks.
    """

    checks: tuple[Check, ...]
    measured: dict[str, Any]
    doing: str
    whole: bool


def read(folder: Path) -> Report:
    """What a probe has reported; a line that it did not finish is left out."""
    path = folder / _FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    done = [line[_DONE] for line in lines if _DONE in line]
    doing = [line[_DOING] for line in lines if _DOING in line]
    return Report(
        checks=tuple(Check(name, tuple(problems), detail) for name, problems, detail in done),
        measured=dict(line[_MEASURED] for line in lines if _MEASURED in line),
        doing=doing[-1] if doing else "",
        whole=any(_END in line for line in lines),
    )

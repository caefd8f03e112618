"""The result of the infra check, with a sentence for whatever is too large or too slow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.records.infra import CheckRecord, InfraRecord
from modules.settings import Infra


@dataclass(frozen=True)
class Check:
    """One check: its name, what is wrong, and what was seen if nothing is wrong."""

    name: str
    problems: tuple[str, ...] = ()
    detail: str = ""

    def as_record(self) -> CheckRecord:
        """Its record in ``infra.json``."""
        return CheckRecord(
            name=self.name,
            passed=not self.problems,
            detail="; ".join(self.problems) or self.detail,
        )


@dataclass(frozen=True)
class Outcome:
    """Whether the model can be served, and why not.

    Attributes:
        checks: those that were made, in order.
        measured: the measurements of ``InfraRecord`` that were reached, by key.
    """

    checks: tuple[Check, ...]
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that is wrong."""
        return tuple(problem for check in self.checks for problem in check.problems)

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def as_record(self) -> InfraRecord:
        """The record that ``infra.json`` holds."""
        return InfraRecord(
            passed=self.passed,
            problems=self.problems,
            checks=tuple(check.as_record() for check in self.checks),
            **self.measured,
        )


def bounds(measured: Mapping[str, Any], options: Infra) -> Check:
    """Compares measurements with what the options allow; a missing one breaks no bound."""
    latency, memory = measured.get("latency_ms") or {}, measured.get("memory_mb") or {}
    faster = "take a smaller backbone or smaller images"
    rows = [
        ("max_p50_ms", latency.get("p50"), "half of the requests take more than", "ms", faster),
        ("max_p99_ms", latency.get("p99"), "one request in a hundred takes", "ms", faster),
        ("max_memory_mb", memory.get("peak"), "serving takes", "MB", "take a smaller backbone"),
        ("max_size_mb", measured.get("size_mb"), "the files take", "MB", "take a smaller backbone"),
    ]
    bounded = [(getattr(options, key), key, *rest) for key, *rest in rows]
    problems = tuple(
        f"{what} {value:g} {unit}, and infra.{key} allows {bound:g}; {remedy}, or allow more"
        for bound, key, value, what, unit, remedy in bounded
        if bound is not None and value is not None and value > bound
    )
    return Check("bounds", problems, f"{sum(row[0] is not None for row in bounded)} asked for")

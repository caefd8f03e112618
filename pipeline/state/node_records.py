"""Records state, time and memory of each node of a run, in a file each in the run's folder."""

import os
import resource
import socket
import sys
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from components.disk import partial_of
from modules.settings import Options

State = Literal["running", "complete", "cached", "failed"]


class NodeRecord(Options):
    """One attempt at a node.

    Attributes:
        node: its id, such as ``ImageExampleGen``.
        name: its name in the summary, such as ``image_example_gen``.
        state: ``complete``; ``cached``, when nothing had changed that the node depends on;
            ``failed``; ``running``, which a killed process leaves behind.
        host: the machine.
        pid: of the process.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        seconds: from start to end; None while it runs.
        peak_rss_mb: the most memory that the process, or one that it started, had held by the end
            of the node, in MB (2**20); None while it runs.
    """

    node: str
    name: str
    state: State
    host: str
    pid: int
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    seconds: float | None = None
    peak_rss_mb: float | None = None

    def write(self, folder: Path) -> None:
        """Writes it into the folder of a run's records, whole or not at all; raises ``OSError``."""
        path = folder / f"{self.node}.json"
        folder.mkdir(parents=True, exist_ok=True)
        partial_of(path).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial_of(path).replace(path)


class Recorder:
    """Records one attempt at a node, from its start.

    Args:
        folder: the folder of the run's records.
        node: the node's id.
        name: its name in the summary.

    Raises:
        OSError: when the folder cannot be written.
    """

    def __init__(self, folder: Path, node: str, name: str) -> None:
        self._folder = folder
        self._started = time.monotonic()
        self._begun = NodeRecord(
            node=node,
            name=name,
            state="running",
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=_now(),
        )
        self._begun.write(folder)

    def end(self, state: Literal["complete", "cached"]) -> NodeRecord:
        """Records that the node has succeeded; raises ``OSError``."""
        record = self._ended(state)
        record.write(self._folder)
        return record

    def fail(self) -> None:
        """Records that the node has failed, if the record can be written."""
        with suppress(OSError):
            self._ended("failed").write(self._folder)

    def _ended(self, state: State) -> NodeRecord:
        return self._begun.model_copy(
            update={
                "state": state,
                "ended_at": _now(),
                "seconds": round(time.monotonic() - self._started, 2),
                "peak_rss_mb": peak_rss_mb(),
            }
        )


def read_all(folder: Path) -> list[NodeRecord]:
    """A run's records in the order in which the nodes began, without files that are damaged."""
    records = []
    for path in folder.glob("*.json"):
        with suppress(OSError, ValidationError):
            records.append(NodeRecord.model_validate_json(path.read_text(encoding="utf-8")))
    return sorted(records, key=lambda record: record.started_at)


def seconds_by_name(records: list[NodeRecord]) -> dict[str, float]:
    """The seconds of each node that has ended, by its name in the summary."""
    return {record.name: record.seconds for record in records if record.seconds is not None}


def peak_rss_mb() -> float:
    """The most memory that this process, or one that it started, has held so far, in MB (2**20)."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return round(most * unit / (1 << 20), 1)


def _now() -> datetime:
    return datetime.now(timezone.utc)

"""``thaw retrain`` with functions that play what the graphs do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from components.records import spans
from components.records.summary import Summary
from modules.errors import BusyError, InputError
from pipeline.cli.app import app
from pipeline.configuration.config import Config
from pipeline.continuous import retraining
from pipeline.continuous.decision import decisions
from pipeline.continuous.decision.decisions import Decision
from pipeline.continuous.spans.scan import Scan
from pipeline.runners.begin import Run
from pipeline.state.root import Root
from tests.pipeline.continuous.decision.situations import trained_on
from tests.pipeline.continuous.served_versions import push
from tests.pipeline.continuous.spans.ingested_spans import keep
from tests.pipeline.continuous.spans.test_scan import config_of, ingested

__all__ = ["config_of", "played", "served"]  # the fixtures


@pytest.fixture
def served(config_of: Callable[..., Config]) -> Config:
    """A root with two spans that were ingested, and a version that was trained on them."""
    config = config_of(["span-1", "span-2"])
    root = Root(config.root)
    root.path.mkdir(parents=True)
    images = {"train": {"a": 4, "b": 4}}
    records = [ingested(config, n, fingerprint=f"{n:064x}", images=images) for n in (1, 2)]
    keep(root, records)
    spans.write(root.spans, records)
    push(config.serving_dir, 7, [trained_on(1), trained_on(2)])
    return config


class Played:
    """Takes the graphs' place.

    Attributes:
        taken: the spans of each call that ingests.
        trained: the run of each training.
        invalid_because: why a span is invalid; empty for none.
        end: how a training ends.
    """

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.trained: list[str] = []
        self.invalid_because = ""
        self.end: str | Exception = "pushed"

    def ingest(self, run: Run, scan: Scan) -> dict[int, spans.SpanRecord]:
        """As ``ingest_spans``."""
        self.taken.append([span.number for span in scan.to_ingest])
        if self.invalid_because:
            raise InputError(self.invalid_because)
        images = {"train": {"a": 4, "b": 4}}
        new = {
            n: ingested(run.config, n, fingerprint=f"{n:064x}", images=images)
            for n in self.taken[-1]
        }
        keep(run.root, new.values())
        records = {**spans.read(run.root.spans), **new}
        spans.write(run.root.spans, records)
        return records

    def train(self, run: Run, ingest: Callable[[Run], Any]) -> Summary:
        """As ``complete``, while the root is held."""
        ingest(run)
        with pytest.raises(BusyError), run.root.held():
            pass
        self.trained.append(run.run_id)
        if isinstance(self.end, Exception):
            raise self.end
        summary = Summary.model_validate(
            {
                "run_id": run.run_id,
                "status": self.end,
                "serving_dir": str(run.config.serving_dir),
                "seconds": {"total": 1.0},
                "peak_rss_mb": 1.0,
            }
        )
        summary.write(run.root.summary_of(run.run_id))
        return summary


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    graphs = Played()
    monkeypatch.setattr(retraining, "ingest_spans", graphs.ingest)
    monkeypatch.setattr(retraining, "complete", graphs.train)
    return graphs


def retrain(config: Config, *options: str) -> Result:
    """Runs the command in this process."""
    return CliRunner().invoke(app, ["retrain", str(config.file), *options])


def add_span(config: Config, number: int) -> None:
    """Another span, with the images of the first one."""
    folder = Path(config.data.path.replace("{SPAN}", "1"))
    other = Path(config.data.path.replace("{SPAN}", str(number)))
    for file in sorted(folder.rglob("*.png")):
        place = other / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())


def entered(config: Config) -> list[Decision]:
    """The decisions of the root."""
    return list(decisions.read_decisions(Root(config.root).decisions))


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file and folder below one, with when it was changed and what it holds."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }

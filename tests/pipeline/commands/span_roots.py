"""A root of spans for the tests of ``thaw spans``."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from components.records import spans, split_book
from components.records.spans import SpanRecord
from components.records.split_book import Entry
from components.serving.push import push
from modules.errors import InputError
from pipeline.cli.app import app
from pipeline.state.root import Root
from tests.components.serving.processes import model
from tests.components.window.test_selection import record
from tests.conftest import GLYPHS

DECISION = ("--by", "ann", "--reason", "new pens")


class Spans:
    """A config of spans with a root of its own."""

    def __init__(self, folder: Path, path: str = "span-{SPAN}") -> None:
        self.root = Root(folder / "root")
        self.config = folder / "photos.yaml"
        keys = {"path": str(folder / path), "window": {"spans": 2}}
        self.config.write_text(f"data: {keys}\nbackbone: {{handle: {GLYPHS}}}\n")

    def know(self, *records: SpanRecord) -> None:
        """Writes the registry, and an image of each span that was ingested."""
        spans.write(self.root.spans, records)
        for known in records:
            if "ingestion" in known.artifacts:
                folder = self.root.path / known.artifacts["ingestion"]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "ingestion.json").write_text(json.dumps({"span": known.span}))
                split_book.write_entries(folder, [Entry("d1", "a", "a/1.png", "train", "", "")])

    def __call__(self, *arguments: object) -> Result:
        return CliRunner().invoke(
            app, ["spans", *map(str, arguments), "--root", str(self.root.path)]
        )

    def line(self, *arguments: object) -> str:
        """What a command prints that succeeds, a line."""
        done = self(*arguments)
        assert done.exit_code == 0, done.output or done.exception
        (line,) = done.stdout.splitlines()
        return line

    def mistake(self, *arguments: object) -> str:
        """The message of one that does not."""
        done = self(*arguments)
        assert isinstance(done.exception, InputError), done.output
        return str(done.exception)

    def pushed(self, *trained_on: int) -> int:
        """Pushes a version that was trained on some spans; returns its number."""
        of_span = {"version": 0, "fingerprint": "f1", "part": "whole", "images": 10}
        summary = {"data": {"spans": [{"span": span, **of_span} for span in trained_on]}}
        source = self.config.parent / f"source-{len(list(self.config.parent.iterdir()))}"
        content = json.dumps(summary).encode()
        return push(
            model(source, parts=2),
            self.root.path / "serving",
            {"run_id": "1"},
            extra=lambda version: {"summary.json": content},
        )


def quarantined(span: int, **more: Any) -> SpanRecord:
    return record(span, state="quarantined", reason="the whole span: 0.61", **more)

"""A root that ``thaw retrain`` looks after, and chains of kills while spans come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.records import spans
from components.records.summary import trained_spans_in
from modules import model_layout
from pipeline.continuous.decision.decisions import read_decisions
from tests.conftest import GLYPHS
from tests.faults import state, watching
from tests.faults.running import Attempt, Moment, add_digits, begun

_CONFIG = f"""
data: {{path: "spans/span-{{SPAN}}", resize: stretch, window: {{spans: 3}}}}
backbone: {{handle: {GLYPHS}, input_range: [0, 1]}}
finetune:
  stages: [{{name: head, epochs: 8, learning_rate: 0.01}}]
  warm_start: {{from: served, stages: [{{name: warm, epochs: 8, learning_rate: 0.003}}]}}
evaluation: {{min_accuracy: 0.1, min_examples: 10, margin: 0.5, max_drop: 0.5, max_class_drop: 1.0,
  no_skill: allow, zero_recall: allow}}
infra: {{requests: 20}}
retrain: {{quarantine: {{min_agreement: 0.2}}}}
beam: {{mode: in_memory}}
"""


@dataclass
class Retrained:
    """A root, its spans and its serving folder.

    Attributes:
        folder: everything lies below it.
        images: how many images each span has.
        kills: moments at which a call was killed while it was running.
    """

    folder: Path
    images: dict[int, int] = field(default_factory=dict)
    kills: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config.write_text(_CONFIG, encoding="utf-8")

    @property
    def config(self) -> Path:
        """The config's file."""
        return self.folder / "retrained.yaml"

    @property
    def root(self) -> Path:
        """The pipeline's root."""
        return self.folder / "root"

    @property
    def serving(self) -> Path:
        """The folder of versions."""
        return self.root / "serving"

    def comes(self, each: int) -> int:
        """Puts the next span in place, with so many images of each class; returns its number."""
        span, first = len(self.images) + 1, sum(self.images.values()) // 10
        incomplete = self.folder / "incoming"
        self.images[span] = add_digits(incomplete, first, each)
        (self.folder / "spans").mkdir(exist_ok=True)
        incomplete.rename(self.folder / "spans" / f"span-{span}")
        return span

    def finish(self, command: str = "retrain") -> Attempt:
        """Runs a command to its end."""
        with begun(self.root, command, str(self.config)) as attempt:
            status = attempt.wait_for_end()
        errors = (self.folder / "stderr").read_text(encoding="utf-8")
        assert status == 0, "\n".join([*attempt.lines, errors])
        return attempt

    def kill(self, moment: Moment) -> None:
        """Runs ``thaw retrain``, and kills it at a moment, if it has not ended before."""
        with begun(self.root, "retrain", str(self.config)) as attempt:
            attempt.wait_until(moment)
            if attempt.kill():
                self.kills.append(moment)

    def chain(self, moments: Sequence[Moment], each: int = 12) -> None:
        """A span comes, calls are killed at these moments, one after the other, and the next ends.

        ``check_end`` must follow, behind the last chain.
        """
        before = watching.numbers(self.serving)
        span = self.comes(each)
        with watching.Watcher(self.serving) as watcher:
            for moment in moments:
                self.kill(moment)
                self.check_decisions()
            self.finish()
        watcher.check()
        after = watching.numbers(self.serving)
        assert after[:-1] == before, "one version, and one only, must have come"
        assert span in self.spans_of(after[-1])

    def check_decisions(self) -> None:
        """Each line is a decision, whatever was cut off."""
        for decision in read_decisions(self.root / "decisions.jsonl"):
            assert decision.sentence

    def spans_of(self, version: int) -> set[int]:
        """The spans that a version was trained on."""
        summary = self.serving / str(version) / model_layout.EXTRA / "summary.json"
        return {span.span for span in trained_spans_in(summary) or ()}

    def check_end(self) -> None:
        """All that must hold when nothing is left to do.

        A call with nothing new leaves to the next run what a kill after the push has left.
        """
        versions = watching.numbers(self.serving)
        self.check_nothing_new()
        self.finish("run")
        assert watching.numbers(self.serving) == versions
        records = spans.read(self.root / "spans.json")
        assert {number: record.count for number, record in records.items()} == self.images
        assert {record.state for record in records.values()} == {"accepted"}
        written = {folder.name for folder in self.root.glob("artifacts/ImageExampleGen/examples/*")}
        assert len(written) == len(self.images)
        state.check_executions(self.root)
        state.check_folders(self.root, self.serving)

    def check_nothing_new(self) -> None:
        """Another call says so, in one line, and neither runs a node nor pushes."""
        runs, versions = list((self.root / "runs").iterdir()), watching.numbers(self.serving)
        attempt = self.finish()
        assert len(attempt.lines) == 1, attempt.lines
        assert attempt.lines[0].startswith("nothing new: ")
        assert list((self.root / "runs").iterdir()) == runs
        assert [*read_decisions(self.root / "decisions.jsonl")][-1].answer == "no"
        assert watching.numbers(self.serving) == versions

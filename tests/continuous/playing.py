"""Plays a sequence of spans through ``thaw retrain``, and judges what is served after each."""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.records.summary import SUMMARY_FILE, trained_spans_in
from components.serving.versions import WITHDRAWN, list_versions, numbers_in
from modules import model_layout
from tests.conftest import GLYPHS
from tests.continuous.digits_in_time import (
    DRIFT_FROM,
    NEW_CLASS,
    NEW_CLASS_FROM,
    PERMUTED,
    SPANS,
    DigitsInTime,
    digits_in_time,
)
from tests.continuous.steps import Played, Served, Step, judged, of_run
from tests.e2e.thaw import Done, thaw

# Stages as in configs/digits.yaml. A class has some 10 test images in a window, so a rule for
# single classes would judge noise.
_RULES = "min_accuracy: 0.4, margin: 0.1, max_drop: 0.05, max_class_drop: 0.6"
# What refuses nothing, so that the golden set alone shows what wrong labels do.
_NO_RULES = (
    "min_accuracy: 0, margin: 0.9, max_drop: 1, max_class_drop: 1, no_skill: allow, "
    "zero_recall: allow"
)
_CONFIG = """
data:
  path: spans/span-{{SPAN}}
  resize: stretch
  splits: {{train: 0.7, validation: 0.1, test: 0.2}}
  max_bad_fraction: 0.0
  window: {{spans: 4, older: {{fraction: 0.25}}}}
backbone: {{handle: {backbone}, input_range: [0, 1]}}
finetune:
  seed: {seed}
  cache_mb: 64
  label_smoothing: 0.05
  stages:
    - {{name: head, unfreeze: none, epochs: 5, learning_rate: 0.003}}
    - {{name: partial, unfreeze: {{last: 2}}, epochs: 6, learning_rate: 0.001}}
    - {{name: full, unfreeze: all, epochs: 6, learning_rate: 0.0003}}
  warm_start:
    from: {start}
    stages: [{{name: warm, unfreeze: all, epochs: 10, learning_rate: 0.001}}]
evaluation: {{golden: golden, golden_accuracy: 0.9, golden_drop: 0.02, {rules}}}
infra: {{requests: 20}}
retrain: {{when: [new_span], quarantine: {{min_agreement: {min_agreement}}}}}
root: root
beam: {{mode: in_memory}}
"""


@dataclass
class Play:
    """A sequence that is being played.

    Attributes:
        folder: everything lies below it.
        seed: deals the digits, and is that of the training.
        start: of each training but the first: ``served``, or ``none`` for cold starts.
        by_golden_alone: whether the quarantine, and all other rules of the gate, are switched off.
        steps: so far.
    """

    folder: Path
    seed: int
    start: str = "served"
    by_golden_alone: bool = False
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.digits: DigitsInTime = digits_in_time(self.seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(
            backbone=GLYPHS,
            seed=self.seed,
            start=self.start,
            min_agreement=0 if self.by_golden_alone else 0.7,
            rules=_NO_RULES if self.by_golden_alone else _RULES,
        )
        self.config.write_text(text, encoding="utf-8")
        if not (self.folder / "golden").exists():
            self.digits.write_golden(self.folder / "golden")

    @property
    def config(self) -> Path:
        """The config's file."""
        return self.folder / "digits.yaml"

    @property
    def root(self) -> Path:
        """The pipeline's root."""
        return self.folder / "root"

    @property
    def serving(self) -> Path:
        """The folder of versions."""
        return self.root / "serving"

    def thaw(self, command: str, *arguments: str) -> Done:
        """Runs a command about the config; ``command`` may be two words."""
        return thaw(*command.split(), self.config, *arguments)

    def comes(self, span: int) -> None:
        """Puts a span in place."""
        self.digits.write_span(span, self.folder / "spans")

    def retrain(self, span: int) -> tuple[Done, Step]:
        """Runs ``thaw retrain``, and judges what is served afterwards.

        Args:
            span: the latest.
        """
        done = self.thaw("retrain")
        decision = json.loads(self.decisions()[-1])
        run_id = decision["run_id"]
        step = Step(
            span=span,
            status=done.code,
            answer=decision["answer"],
            sentence=decision["sentence"],
            served=self.judge(span),
            **(of_run(self.root / "runs" / run_id / "summary.json") if run_id else {}),
        )
        self.steps.append(step)
        return done, step

    def to_the_end(self) -> "Played":
        """Lets all spans come, one after the other, and accepts the new class when it is refused.

        What the quarantine keeps out is tried without it, on a copy.
        """
        refused = poisoned = None
        for span in SPANS:
            self.comes(span)
            if span == PERMUTED and self.start == "served":
                copy = self.without_quarantine(self.folder.with_name(f"{self.folder.name}-copy"))
                _, poisoned = copy.retrain(span)
            done, _ = self.retrain(span)
            if span == NEW_CLASS_FROM:
                refused = done
                accepted = self.thaw("schema accept", f"label={NEW_CLASS}", "--by", "a person")
                assert accepted.code == 0, accepted.err
                self.retrain(span)
        assert refused is not None
        return Played(self.steps, refused, poisoned, self.spans_of_versions())

    def decisions(self) -> list[str]:
        """The lines of ``decisions.jsonl``."""
        return (self.root / "decisions.jsonl").read_text(encoding="utf-8").splitlines()

    def judge(self, span: int, version: int | None = None) -> Served:
        """Asks a version, by default the served one, about a span's time and the golden set."""
        held_out = self.folder / "held-out" / str(span)
        if not held_out.exists():
            self.digits.write_held_out(span, held_out)
        number = list_versions(self.serving)[-1] if version is None else version
        return judged(self.serving / str(number), held_out, self.folder / "golden")

    def spans_of_versions(self) -> dict[int, set[int]]:
        """By version, also those that were withdrawn: the spans that it was trained on."""
        result = {}
        for folder in (self.serving, self.serving / WITHDRAWN):
            for number in numbers_in(folder):
                summary = folder / str(number) / model_layout.EXTRA / SUMMARY_FILE
                result[number] = {span.span for span in trained_spans_in(summary) or ()}
        return result

    def without_quarantine(self, folder: Path) -> "Play":
        """A copy of all that there is so far, in which the golden set alone can refuse a model."""
        shutil.copytree(self.folder, folder)
        copy = Play(folder, self.seed, self.start, by_golden_alone=True, steps=[*self.steps])
        moved = thaw("move", copy.root)
        assert moved.code == 0, moved.err
        return copy

    def as_json(self) -> dict[str, Any]:
        """What ``benchmarks.continuous`` draws; ``left_alone`` is the version before the drift."""
        steps = [asdict(step) for step in self.steps]
        before = [step for step in self.steps if step.span == DRIFT_FROM - 1][-1].served.version
        left_alone = {span: self.judge(span, before).accuracy_of_all for span in SPANS}
        return {"seed": self.seed, "start": self.start, "steps": steps, "left_alone": left_alone}

"""What was done when a span came, and how good the served version was then."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.records.summary import Summary
from modules import features, model_layout
from tests.continuous.digits_in_time import NEW_CLASS
from tests.e2e.thaw import Done


@dataclass(frozen=True)
class Served:
    """How good the served version is on images that no span holds.

    Attributes:
        version: its number.
        accuracy: on the held-out digits as they look in the span's time, of classes that it knows.
        accuracy_of_all: the same of all classes.
        new_class_recall: of the new class; None before it comes.
        golden: accuracy on the golden set.
    """

    version: int
    accuracy: float
    accuracy_of_all: float
    new_class_recall: float | None
    golden: float


@dataclass(frozen=True)
class Step:
    """One call of ``thaw retrain``.

    Attributes:
        span: the latest.
        status: the exit status.
        answer: of the decision.
        sentence: of the decision.
        run: of the summary; None where nothing was trained.
        broken: names of the gate's rules that the candidate broke.
        trained_on: the spans that the candidate was trained on.
        warm: whether the training started from a served version.
        base: that version.
        epochs: of all stages.
        training_seconds: of Trainer.
        seconds: of the run.
        served: the version that is served afterwards.
    """

    span: int
    status: int
    answer: str
    sentence: str
    served: Served
    run: str | None = None
    broken: tuple[str, ...] = ()
    trained_on: tuple[int, ...] = ()
    warm: bool = False
    base: int | None = None
    epochs: int = 0
    training_seconds: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Played:
    """A sequence that was played to its end.

    Attributes:
        steps: all calls.
        refused: how the call ended in which the new class was new.
        poisoned: the call on the span of permuted labels without the quarantine; None for none.
        spans: of each version, those that it was trained on.
    """

    steps: list[Step]
    refused: Done
    poisoned: Step | None
    spans: dict[int, set[int]]

    def after(self, span: int) -> Step:
        """The last call of a span's time."""
        return [step for step in self.steps if step.span == span][-1]


def judged(version: Path, held_out: Path, golden: Path) -> Served:
    """Asks a version about images in folders that are called by their true labels."""
    model = tf.saved_model.load(str(version))
    known = (version / model_layout.LABELS).read_text(encoding="utf-8").split()
    correct = _correct(model, held_out)
    new = correct.get(NEW_CLASS)
    return Served(
        version=int(version.name),
        accuracy=_mean([hit for label in known for hit in correct.get(label, [])]),
        accuracy_of_all=_mean([hit for hits in correct.values() for hit in hits]),
        new_class_recall=_mean(new) if new else None,
        golden=_mean([hit for hits in _correct(model, golden).values() for hit in hits]),
    )


def of_run(file: Path) -> dict[str, Any]:
    """What a step says of its run."""
    summary = Summary.model_validate_json(file.read_text(encoding="utf-8"))
    start = summary.warm_start
    return {
        "run": summary.status,
        "broken": tuple(r.name for r in summary.gate.rules if not r.passed) if summary.gate else (),
        "trained_on": tuple(sorted({span.span for span in summary.data.spans or ()})),
        "warm": bool(start and start.warm),
        "base": start.version if start else None,
        "epochs": sum(stage.epochs for stage in summary.stages),
        "training_seconds": summary.seconds.get("trainer", 0.0),
        "seconds": summary.seconds["total"],
    }


def _correct(model: Any, folder: Path) -> Mapping[str, list[bool]]:
    """By true label, whether the model's answer to each image is right."""
    files = sorted(folder.glob("*/*.png"))
    serve = model.signatures[model_layout.SERVE_IMAGES]
    contents = tf.constant([file.read_bytes() for file in files])
    answers = serve(**{features.IMAGE_BYTES: contents})[features.LABEL].numpy()
    result: dict[str, list[bool]] = {}
    for file, answer in zip(files, answers, strict=True):
        result.setdefault(file.parent.name, []).append(answer.decode() == file.parent.name)
    return result


def _mean(hits: list[bool]) -> float:
    return sum(hits) / len(hits)

"""What is known of a model: how well it does, its other forms, and its backbone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SerializerFunctionWrapHandler, TypeAdapter, model_serializer

from components.records.base import Interval, Record, as_json_text

_EXPORTS_FILE = "exports.json"


class ScoreRecord(Record):
    """The accuracy on some images."""

    accuracy: float
    """The accuracy, in [0, 1]."""
    images: int
    """How many images there are."""


class ScoresRecord(Record):
    """One model on the test split."""

    overall: ScoreRecord
    """The accuracy on all images."""
    by_class: dict[str, ScoreRecord]
    """The accuracy on the images of each class, by label."""


class GoldenScoreRecord(Record):
    """A model's accuracy on the golden set; an image of a class that it does not know is wrong."""

    accuracy: float
    """The accuracy, in [0, 1]."""
    interval: Interval
    """Its interval of 95 %."""


class GoldenRecord(Record):
    """Both models on the golden set, which no training saw."""

    fingerprint: str
    """Digest of the names, labels and contents of the set's images, hexadecimal: what
    `evaluation.golden.sha256` pins."""
    images: int
    """How many images there are."""
    candidate: GoldenScoreRecord
    """The candidate's accuracy."""
    baseline: GoldenScoreRecord | None
    """The baseline's accuracy; null where there was none to evaluate."""
    by_class: dict[str, ScoreRecord]
    """The candidate's accuracy on the images of each class, by label."""
    missing_labels: tuple[str, ...]
    """The classes that the candidate knows, and of which the set has no image."""
    unknown_labels: tuple[str, ...]
    """The classes of the set that the candidate does not know."""


class MetricsRecord(Record):
    """Both models on the test split, and on the golden set."""

    candidate: ScoresRecord | None = None
    """The candidate; null where the run failed before it was evaluated."""
    baseline: ScoresRecord | None = None
    """The baseline; null where there was none to evaluate."""
    golden: GoldenRecord | None = None
    """Both on the golden set; left out where there was none to evaluate."""

    @model_serializer(mode="wrap")
    def _without_golden(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if self.golden is None:
            del fields["golden"]
        return fields


class ExportRecord(Record):
    """Another form of the model."""

    kind: str
    """`tflite_float16` or `tflite_int8`."""
    file: str
    """The file's name."""
    bytes: int = 0
    """The file's size; 0 where there is none."""
    images: int = 0
    """How many test images it was compared with the model on."""
    agreement: float | None = None
    """The share of them to which it gives the model's label; null where it was not compared."""
    max_difference: float | None = None
    """The largest difference between two scores of an image; null where it was not compared."""
    passed: bool
    """Whether it is pushed."""
    reason: str
    """Why it is pushed or not, in words."""


class BackboneRecord(Record):
    """The backbone that was fine-tuned."""

    handle: str
    """The handle, without what may be a secret in it."""
    sha256: str
    """The digest of its files, hexadecimal."""


_EXPORTS = TypeAdapter(tuple[ExportRecord, ...])


def write_exports(folder: Path, exports: Sequence[ExportRecord]) -> None:
    """Writes to the exports' folder what is known of each of them."""
    (folder / _EXPORTS_FILE).write_text(as_json_text(exports), encoding="utf-8")


def read_exports(folder: Path) -> tuple[ExportRecord, ...]:
    """The records that ``write_exports`` wrote."""
    return _EXPORTS.validate_json((folder / _EXPORTS_FILE).read_bytes())

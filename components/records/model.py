"""What is known of a model: how well it does, its other forms, and its backbone."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from components.records.base import Record, as_json_text

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


class MetricsRecord(Record):
    """Both models on the test split."""

    candidate: ScoresRecord | None = None
    """The candidate; null where the run failed before it was evaluated."""
    baseline: ScoresRecord | None = None
    """The baseline; null where there was none to evaluate."""


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

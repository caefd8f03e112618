"""What was read of the data, and what was left out."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from components.records.base import Record, SparseRecord

REPORT_FILE = "ingestion.json"  # in the folder of the Ingestion artifact
FINGERPRINT = "input_fingerprint"  # on the Examples artifact: DataRecord.fingerprint
PART = "part"  # on the Examples artifact: which part of a span it holds, if it has parts


Files = str | tuple[str, ...]  # the path of one, or those of several


def paths_of(files: Files) -> tuple[str, ...]:
    """The paths, of one file or of several."""
    return (files,) if isinstance(files, str) else files


class QuarantineRecord(Record):
    """The files that could not be used."""

    by_reason: dict[str, int]
    """How many files, by the reason."""
    listed_in: Files = Field(alias="list")
    """`list` in JSON: a file of JSON lines of `path`, `reason` and `sha256`; where several spans
    have such files, the list of theirs."""


class OneColorRecord(Record):
    """The images of one colour."""

    count: int
    """How many images are of one colour."""
    colors: dict[str, int]
    """The most frequent colours, each with its count."""
    first: tuple[str, ...]
    """The paths of a few of the images."""
    listed_in: Files = Field(alias="list")
    """`list` in JSON: a file of JSON lines of `path` and `color`; where several spans have such
    images, the list of theirs."""


class TrainedSpanRecord(Record):
    """A span that a model was trained on."""

    span: int
    """The span's number."""
    version: int
    """The version that was read; 0 where the path has no place for one."""
    fingerprint: str
    """Digest of the span's images: their names, labels, contents and splits, hexadecimal."""
    part: Literal["whole", "older"]
    """`whole`; or `older`, the part that `data.window.older` keeps of it."""
    images: int
    """How many of its images were used, in all splits."""


class DataRecord(SparseRecord):
    """The data of a run. In JSON, what the run did not come to know is left out."""

    path: str | None = None
    """`data.path`, without what may be a secret in it; not in a model's card."""
    layout: str | None = None
    """How the data was read, in words."""
    left_out: tuple[str, ...] | None = None
    """What was passed over, in words."""
    images: dict[str, dict[str, int]] | None = None
    """How many images there are, by split and class."""
    formats: dict[str, int] | None = None
    """How many images there are, by file format; of several spans, all that they have."""
    bytes_read: int | None = None
    """The bytes of the images that were read."""
    bytes_written: int | None = None
    """The bytes of the records that were written."""
    quarantined: QuarantineRecord | None = None
    """The files that could not be used."""
    one_color: OneColorRecord | None = None
    """The images of one colour."""
    duplicates: int | None = None
    """How many images have the same bytes as an earlier one."""
    kept: int | None = None
    """How many images are in the split of an earlier span, and would be in another without it; only
    where the path has a place for the span."""
    golden: int | None = None
    """How many images were left out because their bytes are in the golden set, where some were."""
    span: int | None = None
    """The span that was read, where the path has a place for it."""
    version: int | None = None
    """The version that was read, where the path has a place for it."""
    fingerprint: str | None = None
    """Digest of the images' names, labels and contents, hexadecimal."""
    older: dict[str, dict[str, int]] | None = None
    """How many of the images there are in the part that `data.window.older` keeps, by split and
    class; only of a single span."""
    spans: tuple[TrainedSpanRecord, ...] | None = None
    """The spans that the model was trained on, with `data.window`; the counts are then of all of
    them together."""
    repeated: int | None = None
    """How many images were not used because a later span has the same bytes."""
    contradicted: int | None = None
    """How many images were not used because spans have the same bytes under two labels."""
    unseen_class: int | None = None
    """How many held-out images were not used because the spans have no training image of their
    class that is used."""


def read_report(folder: Path) -> DataRecord:
    """What ImageExampleGen wrote to an Ingestion artifact's folder; it has no fingerprint."""
    return DataRecord.model_validate_json((folder / REPORT_FILE).read_text(encoding="utf-8"))

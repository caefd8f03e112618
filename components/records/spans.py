"""The spans of a root: what was ingested of each, and whether a model may be trained on it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from components.disk import replace_whole
from components.records.base import Interval, Record, as_json_text
from modules.errors import InputError

State = Literal["accepted", "quarantined", "rejected", "invalid"]
THAW = "thaw"  # who decides where no person has


class ShareRecord(Record):
    """For how many of some images a served model's answer is the label."""

    images: int
    """How many images were asked about."""
    agreement: float
    """The share of them for which the model's answer is the label."""
    interval: Interval
    """The share's interval of 95 %."""


class ClassAgreementRecord(ShareRecord):
    """The same of the images of one class of a span."""

    other_label: str | None = None
    """The other class that the model answers most often on them; null where it answers none."""
    other_images: int = 0
    """On how many of them it answers that class."""


class AgreementRecord(ShareRecord):
    """How far a served model's answers agree with the labels of a span it was not trained on.

    All figures are of the images of classes that the model knows, in any split.
    """

    version: int
    """The served version."""
    by_class: dict[str, ClassAgreementRecord]
    """The agreement on each class that the model knows."""
    held_out: ShareRecord | None = None
    """The agreement on the images that no training sees; null where there are none."""
    score_agreeing: float | None = None
    """The mean of the model's highest score where its answer is the label; null for no image."""
    score_disagreeing: float | None = None
    """The same where its answer is another class."""
    answer_shift: float = 0.0
    """The largest difference between a class's share of the answers and its share of the labels:
    small where labels were mixed up, large where the model does not know such images."""
    unknown_labels: tuple[str, ...] = ()
    """The span's classes that the model does not know."""
    unanswered: int = 0
    """How many images the model could not read; they are in no other figure."""
    sheet: str = ""
    """A contact sheet of the most confident disagreements: an HTML file, relative to the root;
    empty for none."""


class DecisionRecord(Record):
    """A decision about a span."""

    at: str
    """When, in UTC."""
    by: str
    """Who decided: a person's name, or `thaw`."""
    before: State | None
    """The state before it; null for the first."""
    state: State
    """The state since."""
    reason: str
    """Why."""
    content_digest: str
    """`content_digest` of the images that it is about."""


class SpanRecord(Record):
    """A span that was ingested."""

    span: int
    """The span's number."""
    version: int = 0
    """The version that was ingested; 0 where the path has no place for one."""
    content_digest: str
    """Digest of the images' names, labels and contents, hexadecimal."""
    options_digest: str
    """Digest of the options that it was ingested with, hexadecimal."""
    fingerprint: str = ""
    """Digest of the images and of their splits, hexadecimal; empty for a span that was invalid."""
    state: State
    """`accepted`; `quarantined`, and so in no window until a person decides; `rejected` by a
    person; `invalid`, as its images cannot be used as they are."""
    reason: str
    """Why it is in this state."""
    decided_by: str
    """Who decided it: a person's name, or `thaw`."""
    decided_at: str
    """When, in UTC."""
    ingested_at: str
    """When its images were ingested, in UTC."""
    run_id: str
    """The run that ingested it."""
    images: dict[str, dict[str, int]]
    """How many images there are, by split and class."""
    artifacts: dict[str, str] = Field(default={})
    """Where its data lies, relative to the root: `examples`, `older`, `ingestion`, `statistics`,
    `review`."""
    columns: tuple[str, ...] = ()
    """The further columns of its images."""
    contradicted: dict[str, str] = Field(default={})
    """Images that were left out because another span has the same bytes under another label: by
    their sha256, the label here. Once the spans agree, this one is ingested again."""
    agreement: AgreementRecord | None = None
    """What the served model said of it; null where none was served that could answer."""
    history: tuple[DecisionRecord, ...] = ()
    """All decisions about the span, the first one first; the last is that of its present state."""

    @property
    def count(self) -> int:
        """How many images there are."""
        return sum(sum(by_class.values()) for by_class in self.images.values())


_RECORDS = TypeAdapter(tuple[SpanRecord, ...])


def read(path: Path) -> dict[int, SpanRecord]:
    """The records that ``write`` wrote, by span in rising order; empty where there is no file.

    Raises:
        InputError: when the file is damaged. Without it, Thaw would not know which spans a person
            has rejected.
    """
    try:
        records = _RECORDS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise InputError(
            f"root: {path}, which holds what was decided about each span, cannot be read "
            f"({type(error).__name__}); restore it from a copy, or begin another root with --root"
        ) from None
    return {record.span: record for record in sorted(records, key=lambda record: record.span)}


def write(path: Path, records: Mapping[int, SpanRecord] | Iterable[SpanRecord]) -> None:
    """Writes the records: whole, or not at all."""
    values = records.values() if isinstance(records, Mapping) else records
    ordered = sorted(values, key=lambda record: record.span)
    replace_whole(path, (as_json_text(ordered) + "\n").encode())

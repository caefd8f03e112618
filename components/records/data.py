"""What was read of the data, and what was left out."""

from pydantic import Field

from components.records.base import Record, SparseRecord


class QuarantineRecord(Record):
    """The files that could not be used.

    Attributes:
        by_reason: how many, by the reason.
        listed_in: ``list`` in JSON: a file of JSON lines of ``path``, ``reason`` and ``sha256``.
    """

    by_reason: dict[str, int]
    listed_in: str = Field(alias="list")


class OneColorRecord(Record):
    """The images of one colour.

    Attributes:
        count: how many.
        colors: the most frequent colours, each with its count.
        first: the paths of a few of the images.
        listed_in: ``list`` in JSON: a file of JSON lines of ``path`` and ``color``.
    """

    count: int
    colors: dict[str, int]
    first: tuple[str, ...]
    listed_in: str = Field(alias="list")


class DataRecord(SparseRecord):
    """The data of a run. In JSON, what the run did not come to know is left out.

    Attributes:
        path: ``data.path``, without what may be a secret in it; not in a model's card.
        layout: how the data was read, in words.
        left_out: what was passed over, in words.
        images: how many, by split and class.
        bytes_read: of images.
        bytes_written: of records.
        quarantined: the files that could not be used.
        one_color: the images of one colour.
        duplicates: how many images have the same bytes as an earlier one.
        span, version: where the path has such places, which one was read.
        fingerprint: of the images' names, labels and contents, hexadecimal.
    """

    path: str | None = None
    layout: str | None = None
    left_out: tuple[str, ...] | None = None
    images: dict[str, dict[str, int]] | None = None
    bytes_read: int | None = None
    bytes_written: int | None = None
    quarantined: QuarantineRecord | None = None
    one_color: OneColorRecord | None = None
    duplicates: int | None = None
    span: int | None = None
    version: int | None = None
    fingerprint: str | None = None

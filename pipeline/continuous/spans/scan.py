"""What is new among the spans, compared with what was ingested; imports no TensorFlow."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.image_example_gen import listing_file
from components.image_example_gen.golden_set import Names
from components.image_example_gen.listing_file import DigestedListing
from components.image_example_gen.sources import list_data, spans
from components.image_example_gen.sources.spans import Span
from components.records import spans as registry
from components.records.spans import SpanRecord
from components.window.selection import numbers_in
from modules.errors import InputError
from modules.settings import Ingest, Window
from pipeline.configuration.config import Config
from pipeline.golden import names
from pipeline.state.root import Root

# Keys of ``data`` that say where the data lies: what lies there counts, and not its path.
_PATH_KEYS = {"path", "earlier", "image_root"}
AS_BEFORE = " is invalid as before: "  # in place of ``: `` between a span and why it is invalid


@dataclass(frozen=True)
class SpanOnDisk:
    """A span that a window needs.

    Attributes:
        source: its number, version and path.
        change: since it was ingested.
        images: how many there are; 0 where they cannot be listed.
        problem: why they cannot be listed; empty if they can.
        newer_listing: of a span that has not changed, its listing if that knows more of the files'
            states than the one in the root; else None.
    """

    source: Span
    change: Literal["new", "changed", "none"]
    images: int = 0
    problem: str = ""
    newer_listing: DigestedListing | None = None

    @property
    def number(self) -> int:
        """The span's number."""
        assert self.source.span is not None
        return self.source.span


@dataclass(frozen=True)
class Scan:
    """What lies on the disk, and what of it is new.

    Attributes:
        spans: those that the window needs, in rising order.
        before_window: the numbers of those that lie before the window.
        notes: lines for people on spans that are no longer there.
    """

    spans: tuple[SpanOnDisk, ...]
    before_window: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def to_ingest(self) -> list[SpanOnDisk]:
        """The new and changed ones, in rising order."""
        return [span for span in self.spans if span.change != "none"]


def window_of(config: Config) -> Window:
    """The config's window.

    Raises:
        InputError: when it has none, or the path has no spans for it.
    """
    window, path = config.data.window, config.data.path
    if window is None:
        raise InputError(
            "data.window: the config has none, so there are no spans to look for; add data: "
            "{window: {spans: 4}}, and a path with {SPAN} or {YYYY}, {MM} and {DD}"
        )
    if not spans.has_spans(path):
        raise InputError(
            f"data.window: data.path {path} has no place for spans; write it like "
            "photos/span-{SPAN} or photos/{YYYY}-{MM}-{DD}, or remove data.window"
        )
    if window.days is not None and not spans.has_dates(path):
        raise InputError(
            f"data.window: days need a date in data.path, and {path} has {{SPAN}}; give spans in "
            "place of days, or write the path like photos/{YYYY}-{MM}-{DD}"
        )
    return window


def scan_spans(config: Config, records: Mapping[int, SpanRecord]) -> Scan:
    """Compares all spans that the window needs with what was ingested; writes nothing.

    Of a span that was ingested, it reads the files whose size, times or inode have changed.

    Args:
        config: with a window.
        records: of the spans that were ingested.

    Raises:
        InputError: as ``window_of``, when there is no span, or when the golden set cannot be used.
    """
    window = window_of(config)
    on_disk = {span.span: span for span in spans.every(config.data.path) if span.span is not None}
    accepted = {number for number, record in records.items() if record.state == "accepted"}
    left_out = {n for n, record in records.items() if record.state in ("quarantined", "rejected")}
    inside = numbers_in({*on_disk, *accepted} - left_out or on_disk, window)
    needed = [n for n in sorted(on_disk) if window.older or n >= min(inside)]
    golden = names(config)
    return Scan(
        spans=tuple(_compared(config, on_disk[n], records.get(n), golden) for n in needed),
        before_window=tuple(n for n in sorted(on_disk) if n not in needed),
    )


def _compared(config: Config, source: Span, record: SpanRecord | None, golden: Names) -> SpanOnDisk:
    options = pinned(config, source)
    try:
        if record is None or record.version != (source.version or 0):
            count = sum(not file.problem for file in list_data(options, min_classes=1).files)
            return SpanOnDisk(source, "new" if record is None else "changed", count)
        kept = _kept_listing(config, source)
        listing = listing_file.take(options, kept, min_classes=1)
    except InputError as error:
        problem = str(error)
        if record is None:
            return SpanOnDisk(source, "new", problem=problem)
        same = record.content_digest == digest_without_listing(problem)
        return SpanOnDisk(source, "none" if same else "changed", problem=problem)
    same = record.content_digest == listing.fingerprint and record.options_digest == options_digest(
        config,
        golden_digests(listing, golden),
        # A person may have rejected it since.
        is_invalid=not record.artifacts,
    )
    count = sum(not file.problem for file in listing.files)
    if not same:
        return SpanOnDisk(source, "changed", count)
    return SpanOnDisk(source, "none", count, newer_listing=None if listing == kept else listing)


def pinned(config: Config, source: Span) -> Ingest:
    """The options of ImageExampleGen with the path of one span."""
    return config.data.ingest().model_copy(update={"path": source.path})


def _kept_listing(config: Config, source: Span) -> DigestedListing | None:
    """What the root knows of a span's images."""
    assert source.span is not None
    return listing_file.read(Root(config.root).listing_of(source.span))


def keep_listings(config: Config, scan: Scan) -> None:
    """Keeps what a scan has read, so that the next one need not; the root must be held.

    A file that was written shortly before it is read is read once more by the next scan.
    """
    for span in scan.spans:
        if span.newer_listing is not None:
            with contextlib.suppress(OSError):  # The next scan reads it again.
                path = Root(config.root).listing_of(span.number)
                listing_file.write(path, span.newer_listing)


def digest_without_listing(problem: str) -> str:
    """What stands for the content of a span whose images cannot be listed; hexadecimal.

    Args:
        problem: why they cannot.
    """
    return hashlib.sha256(f"not listed: {problem}".encode()).hexdigest()


def golden_digests(listing: DigestedListing | None, golden: Names) -> list[str]:
    """The digests of a span's images that are golden, sorted."""
    return (
        sorted({file.digest for file in listing.files if file.digest in golden}) if listing else []
    )


def options_digest(config: Config, golden: Sequence[str] = (), *, is_invalid: bool = False) -> str:
    """A digest of all that a span is ingested with, but for its images; hexadecimal.

    Args:
        config: the whole configuration.
        golden: of ``golden_digests``: what is taken out of the span.
        is_invalid: whether of an invalid span: what may make it acceptable counts too.
    """
    window = window_of(config)
    values: list[object] = [
        config.data.ingest().model_dump(mode="json", exclude=_PATH_KEYS),
        window.older and window.older.fraction,
    ]
    if golden:
        values.append(["golden", *golden])
    if is_invalid:
        schemas = (config.data.schema_file, Root(config.root).schema)
        values += [path.read_text("utf-8") if path and path.exists() else "" for path in schemas]
        # Images of a span that was rejected since contradict no label any more.
        records = registry.read(Root(config.root).spans).values()
        values += [r.span for r in records if r.state == "rejected" and r.artifacts]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

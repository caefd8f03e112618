"""What a root keeps of its spans, and whether it is still there; imports no TensorFlow."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from components.image_example_gen import listing_file
from components.image_example_gen.sources import spans
from components.records import split_book
from components.records.spans import SpanRecord
from components.window.selection import EXAMPLES, REVIEW, select
from modules.errors import InputError
from pipeline.configuration.config import Config
from pipeline.continuous.spans.scan import (
    Scan,
    golden_digests,
    options_digest,
    scan_spans,
    window_of,
)
from pipeline.golden import names
from pipeline.state.root import Root, shown


def scan_with_root(config: Config, records: Mapping[int, SpanRecord]) -> Scan:
    """As ``scan_spans``; a span counts as changed too where the root's data of it must be renewed.

    That is where some of it is gone, or where it lacks images that it may have now.

    Args:
        config: with a window.
        records: of the spans that were ingested.

    Raises:
        InputError: as ``scan_spans``; or when a span of the window can neither be used as it was
            ingested nor be ingested again, as its images are no longer at ``data.path``.
    """
    lost = lost_spans(Root(config.root), records)
    stale = lost | agreeing_spans(Root(config.root), records)
    scan = scan_spans(config, records)
    compared = tuple(
        replace(span, change="changed") if span.change == "none" and span.number in stale else span
        for span in scan.spans
    )
    on_disk = {*(span.number for span in scan.spans), *scan.before_window}
    notes = _about_absent(config, records, on_disk, lost)
    return replace(scan, spans=compared, notes=tuple(notes))


def _about_absent(
    config: Config,
    records: Mapping[int, SpanRecord],
    on_disk: Collection[int],
    lost: Collection[int],
) -> Iterator[str]:
    """A line for people on the spans of the window whose images are no longer at ``data.path``."""
    root, golden = Root(config.root), names(config)
    absent, ingested_otherwise = [], []
    selection = select(records, window_of(config))
    for record in (*selection.older, *selection.whole):
        if record.span in on_disk:
            continue
        name = spans.shown(record.span, config.data.path)
        if record.span in lost:
            raise _cannot_be_used(config, name, f"and {root.path} no longer holds all of its data")
        kept_golden = golden_digests(listing_file.read(root.listing_of(record.span)), golden)
        is_as_now = record.options_digest == options_digest(config, kept_golden)
        if not is_as_now and kept_golden and _holds_any(root, record, kept_golden):
            raise _cannot_be_used(config, name, "and some of them are in the golden set now")
        if not is_as_now:
            ingested_otherwise.append(name)
        elif record in selection.whole:
            absent.append(name)
    kept = "; what was ingested is trained on"
    if absent:
        yield f"the images of {_named(absent)} are no longer at data.path{kept}"
    if ingested_otherwise:
        yield (
            f"the images of {_named(ingested_otherwise)} are no longer at data.path{kept}, as "
            "earlier options of data or data.window had it"
        )


def _cannot_be_used(config: Config, span: str, why: str) -> InputError:
    return InputError(
        f"span {span}: its images are no longer at data.path, {config.data.path}, {why}; bring "
        "them back, and they are ingested again, or leave the span out: thaw spans reject "
        f"{shown(config.file)} {span.partition(' ')[0]} --by NAME --reason TEXT"
    )


def _holds_any(root: Root, record: SpanRecord, digests: Collection[str]) -> bool:
    """Whether the data of a span has any of some images."""
    # TensorFlow is imported here: hardly any run comes here.
    from modules.images import shard_labels

    wanted = {digest[: shard_labels.DIGITS] for digest in digests}
    part = shard_labels.read(str(root.path / record.artifacts[EXAMPLES])).span
    return part is not None and any(
        not wanted.isdisjoint(part.digests_of(shard)) for shard in part.digests
    )


def _named(names_of_spans: Sequence[str]) -> str:
    return f"span{'s' if names_of_spans[1:] else ''} {', '.join(names_of_spans)}"


def lost_spans(root: Root, records: Mapping[int, SpanRecord]) -> set[int]:
    """The accepted spans that no model can be trained on as they are: some of their data is gone.

    A folder was deleted, or ML Metadata, through which the nodes find each other's data, does not
    know it: its file was deleted, or is an earlier copy.

    Args:
        root: of the pipeline.
        records: of all its spans.
    """
    accepted = [record for record in records.values() if record.state == "accepted"]
    known_uris = _uris_in_metadata(root) if accepted else set()
    return {
        record.span
        for record in accepted
        for kind, path in record.artifacts.items()
        if kind != REVIEW
        if not (root.path / path).is_dir()
        or (known_uris is not None and str(root.path / path) not in known_uris)
    }


def agreeing_spans(root: Root, records: Mapping[int, SpanRecord]) -> set[int]:
    """The accepted spans that lack images because of labels that other spans no longer have.

    Args:
        root: of the pipeline.
        records: of all its spans.

    Raises:
        InputError: when the split book is damaged.
    """
    accepted = [record for record in records.values() if record.state == "accepted"]
    contradicted = [record for record in accepted if record.contradicted]
    book = split_book.read(root.split_book) if contradicted else split_book.SplitBook()
    return {
        record.span
        for record in contradicted
        if book.contradicted(record.span, record.contradicted) != record.contradicted
    }


def _uris_in_metadata(root: Root) -> set[str] | None:
    """Where all artifacts lie; None where this cannot be read now, as while a node writes it."""
    if not root.metadata.exists():
        return set()
    address = f"{root.metadata.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'Artifact'").fetchall():
                return set()
            return {uri for (uri,) in db.execute("SELECT uri FROM Artifact")}
    except sqlite3.DatabaseError:  # If it is damaged, the run says so.
        return None

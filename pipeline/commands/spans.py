"""``thaw spans accept`` and ``thaw spans reject``, and the line that they print."""

import datetime
from collections.abc import Mapping
from typing import Literal

from components.image_example_gen.sources import spans as places
from components.records import spans, split_book
from components.records.span_decisions import decided
from components.records.spans import SpanRecord
from components.serving import versions
from components.window.selection import INGESTION
from modules.errors import InputError
from modules.text import quoted
from pipeline.commands.span_list import trained_versions
from pipeline.configuration.config import Config
from pipeline.state.root import Root, shown


def decide(
    config: Config,
    span: str,
    state: Literal["accepted", "rejected"],
    by: str | None,
    reason: str | None,
) -> str:
    """Records what a person has decided about a span; returns a line on what follows from it.

    Args:
        config: names the root.
        span: its number, or its day.
        state: what it is now.
        by: who decides.
        reason: why.

    Raises:
        InputError: when there is no such span, or nothing of it to accept; or without name or
            reason.
        BusyError: when a run holds the root.
    """
    by, reason = (by or "").strip(), (reason or "").strip()
    if not by or not reason:
        raise InputError(
            "--by and --reason: one is missing or empty; a decision about a span is recorded with "
            "a name and a reason, so give both"
        )
    root = Root(config.root)
    number = _number(span, config)
    _check(spans.read(root.spans), number, state, config)  # Without records, there is no root.
    with root.held():
        records = spans.read(root.spans)
        _check(records, number, state, config)
        before = records[number]
        records[number] = decided(before, state, by=by, reason=reason, at=versions.utc_now())
        try:
            # First the book: a command that is killed in between can be given again.
            if state == "rejected":
                split_book.take_labels_out(root.split_book, number)
            else:
                split_book.enter(root.split_book, root.path / before.artifacts[INGESTION])
            spans.write(root.spans, records)
        except OSError as error:
            raise root.unwritable(error) from None
    name = places.shown(number, config.data.path)
    line = f"span {name} is {state}, by {by}; it was {before.state}"
    if state == "rejected":
        return line + _what_is_served(config, number)
    return f"{line}; thaw retrain {shown(config.file)} trains on it if the window reaches it"


def _number(text: str, config: Config) -> int:
    """The number of a span that a person has named."""
    if text.isascii() and text.isdigit():
        return int(text)
    if places.has_dates(config.data.path):
        try:
            day = datetime.date.fromisoformat(text)
            return (day - datetime.date(1970, 1, 1)).days
        except ValueError:
            raise InputError(
                f"SPAN: got {text!r}, must be a span's number or a day such as 2026-01-31; "
                f"thaw spans {shown(config.file)} lists them"
            ) from None
    raise InputError(
        f"SPAN: got {text!r}, must be a span's number; thaw spans {shown(config.file)} lists them"
    )


def _check(records: Mapping[int, SpanRecord], number: int, state: str, config: Config) -> None:
    """Refuses a span that was not ingested, and one of which there is nothing to accept."""
    file = shown(config.file)
    if not records:
        raise InputError(
            f"SPAN: got {number}, and no span has been ingested yet; run thaw retrain {file}"
        )
    if number not in records:
        known = quoted([places.shown(n, config.data.path) for n in records])
        raise InputError(f"SPAN: got {number}, and the spans ingested are {known}; name one")
    if state == "accepted" and not records[number].artifacts:
        raise InputError(
            f"SPAN: {number} cannot be accepted, as its images cannot be used as they are; correct "
            f"them, and the next run ingests it; thaw spans {file} shows what is wrong"
        )
    folder = Root(config.root).path / records[number].artifacts.get(INGESTION, "")
    if state == "accepted" and not folder.is_dir():
        raise InputError(
            f"SPAN: {number} cannot be accepted, as {folder}, which belongs to what was ingested "
            "of it, is gone; restore it from a copy"
        )


def _what_is_served(config: Config, number: int) -> str:
    """What a person should do where the served version was trained on a span that is rejected."""
    present = versions.list_versions(config.serving_dir)
    learned = {of.version for of in trained_versions(config).get(number, ()) if not of.withdrawn}
    if not present or present[-1] not in learned:
        return "; no model will be trained on it"
    line = f"; version {present[-1]}, which is served, was trained on it"
    others = [version for version in present if version not in learned]
    file = shown(config.file)
    if others:
        return f"{line}: thaw rollback {file} {others[-1]} goes back to one that was not"
    return f"{line}, and so were all others there; thaw run {file} trains one without it"

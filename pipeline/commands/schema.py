"""``thaw schema``: the JSON Schemas of files, and the labels and formats that spans may have."""

import difflib
from collections.abc import Callable, Sequence
from typing import Any, Literal

from components.records import domains, spans
from components.records.data import read_report
from components.records.domains import Domains, Values
from components.records.spans import SpanRecord
from components.records.summary import Summary
from components.serving import versions
from components.window.selection import INGESTION, select
from modules import features
from modules.errors import InputError
from modules.text import clipped, counted, printable_lines, quoted
from pipeline.configuration.config import Config
from pipeline.domains import establish
from pipeline.schema import read_schema
from pipeline.state.root import Root, shown

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_PAST = {"establish": "established", "accept": "accepted", "remove": "removed"}
_SHOWN = 5  # spans that a message names
_LEAST = {features.LABEL: 2, features.FORMAT: 1}  # values that must be left


def json_schema(document: Literal["config", "summary"]) -> dict[str, Any]:
    """The JSON Schema of a configuration file, or of a run's summary."""
    model = Config if document == "config" else Summary
    return {"$schema": _DRAFT, **model.model_json_schema()}


def accept(config: Config, assignments: Sequence[str], by: str, reason: str = "") -> str:
    """Lets later spans have further labels or formats; returns a line that says so.

    Args:
        config: names the root.
        assignments: each ``FEATURE=VALUE``.
        by: who does it.
        reason: why.

    Raises:
        InputError: when an argument is wrong, nothing was pushed yet, or a value is there already.
        BusyError: when a run holds the root.
        StageError: when its disk is full.
    """
    values = _parsed(assignments)
    _check_name(by)

    def check(current: Domains) -> None:
        for feature, listed in values.items():
            if feature not in current.values:
                raise InputError(
                    f"{feature}: any {feature} is accepted as it is; leave {feature}= out"
                )
            there = [value for value in listed if value in current.values[feature]]
            if there:
                raise InputError(f"{feature}: {quoted(there)}: accepted already; leave that out")
            _check_own(config, feature, listed)

    return _change(config, "accept", values, by, reason, check)


def remove(config: Config, assignments: Sequence[str], by: str, reason: str = "") -> str:
    """Takes labels or formats out of what spans may have, so that a model may lack a class.

    Args:
        config: names the root.
        assignments: each ``FEATURE=VALUE``.
        by: who does it.
        reason: why.

    Raises:
        InputError: when an argument is wrong, nothing was pushed yet, a value is not there, a span
            in the window has images of a class, or too few classes would be left.
        BusyError: when a run holds the root.
        StageError: when its disk is full.
    """
    values = _parsed(assignments)
    _check_name(by)

    def check(current: Domains) -> None:
        for feature, listed in values.items():
            missing = [value for value in listed if value not in current.values.get(feature, ())]
            if missing:
                raise InputError(
                    f"{feature}: {quoted(missing)}: not accepted, so there is nothing to remove; "
                    "thaw schema show lists what is"
                )
            left = len(current.values[feature]) - len(listed)
            if left < _LEAST[feature]:
                raise InputError(
                    f"{feature}: {counted(left, feature)} would be left, must be at least "
                    f"{_LEAST[feature]}; remove fewer"
                )
        _check_window(config, values.get(features.LABEL, ()))

    return _change(config, "remove", values, by, reason, check)


def accepted(config: Config) -> Domains:
    """What spans may have, and how it came to be.

    Raises:
        InputError: when nothing was pushed yet, or the config has no window.
    """
    _check_kept(config)
    current = domains.read(Root(config.root).schema)
    if current is None:
        raise _nothing_yet(config)
    return current


def as_text(current: Domains) -> str:
    """The values and their history, for people."""
    lines = [
        f"{feature}: {', '.join(map(repr, listed))}" for feature, listed in current.values.items()
    ]
    for change in current.history:
        reason = f": {change.reason}" if change.reason else ""
        lines.append(
            f"{change.at} {change.by} {_PAST[change.action]} {_in_words(change.values)}{reason}"
        )
    return printable_lines(lines)


def _change(
    config: Config,
    action: Literal["accept", "remove"],
    values: Values,
    by: str,
    reason: str,
    check: Callable[[Domains], None],
) -> str:
    """Changes the file while no run holds the root."""
    _check_kept(config)
    root = Root(config.root)
    if not root.path.is_dir():
        raise _nothing_yet(config)
    with root.held():
        try:
            current = establish(config)
            if current is None:
                raise _nothing_yet(config)
            check(current)
            changed = current.changed(action, values, by=by, at=versions.utc_now(), reason=reason)
            domains.write(root.schema, changed)
        except OSError as error:
            raise root.unwritable(error) from None
    sizes = ", ".join(counted(len(listed), feature) for feature, listed in changed.values.items())
    return f"{_PAST[action]} {_in_words(values)}, by {by}; {sizes} in {shown(root.schema)}"


def _in_words(values: Values) -> str:
    return " and ".join(f"{feature} {quoted(listed)}" for feature, listed in values.items())


def _parsed(assignments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """By feature, the values of ``FEATURE=VALUE`` arguments, each once."""
    values: dict[str, list[str]] = {}
    for assignment in assignments:
        feature, equals, value = assignment.partition("=")
        if not equals or not value:
            raise InputError(f"got {assignment!r}, must be FEATURE=VALUE, such as label=cat")
        if feature not in domains.FEATURES:
            near = difflib.get_close_matches(feature, domains.FEATURES, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"use {' or '.join(domains.FEATURES)}"
            raise InputError(
                f"got {assignment!r}: no list is kept of a feature {feature!r}; {remedy}"
            )
        if value not in values.setdefault(feature, []):
            values[feature].append(value)
    return {feature: tuple(listed) for feature, listed in values.items()}


def _check_name(by: str) -> None:
    if not by.strip():
        raise InputError("--by: missing or empty; the history records a name, so give yours")


def _check_kept(config: Config) -> None:
    if config.data.window is None:
        raise InputError(
            f"data.window: {shown(config.file)} has none, and these lists are kept only for spans "
            "of a window; to limit the labels of other data, use a string_domain in data.schema"
        )


def _nothing_yet(config: Config) -> InputError:
    return InputError(
        f"root: {shown(config.root)} has no schema.pbtxt yet; the first model that is pushed "
        f"decides which classes there are; run thaw retrain {shown(config.file)} first"
    )


def _check_own(config: Config, feature: str, values: Sequence[str]) -> None:
    """Refuses what the schema's file does not list: accepted or not, it would stay an anomaly."""
    own = domains.values_of(read_schema(config)[1], feature)
    missing = [value for value in values if own is not None and value not in own]
    if not missing:
        return
    if config.data.schema_file:
        remedy = f"{shown(config.data.schema_file)} (data.schema) does not list it; add it there"
    else:
        remedy = f"Thaw reads {quoted(own or ())}; convert the images"
    raise InputError(f"{feature}: {quoted(missing)}: {remedy}")


def _check_window(config: Config, labels: Sequence[str]) -> None:
    """Refuses to remove a class of which the next model would be trained on images."""
    assert config.data.window is not None
    root = Root(config.root)
    selection = select(spans.read(root.spans), config.data.window)
    images = {record.span: record.images for record in selection.whole}
    images |= {record.span: _kept_images(root, record) for record in selection.older}
    for label in labels:
        numbers = [
            number
            for number, by_split in sorted(images.items())
            if any(by_split.get(split, {}).get(label) for split in features.SPLITS)
        ]
        if numbers:
            which = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if numbers[_SHOWN:] else "")
            raise InputError(
                f"label: {clipped(label, 60)!r} has images that the next model would learn, in "
                f"span{'s' if len(numbers) > 1 else ''} {which}; take them out of the data and run "
                "thaw run, reject the span with thaw spans, or wait until the window has moved on; "
                "then remove the class"
            )


def _kept_images(root: Root, record: SpanRecord) -> dict[str, dict[str, int]]:
    """The images of a span before the window that are trained on, by split and class."""
    try:
        report = read_report(root.path / record.artifacts[INGESTION])
    except (KeyError, OSError, ValueError):  # All of them, then: rather refuse than train on some.
        return record.images
    return record.images if report.older is None else report.older

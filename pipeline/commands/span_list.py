"""``thaw spans CONFIG``: what is known of each span."""

from collections.abc import Iterator, Sequence

from components.image_example_gen.sources import spans as places
from components.records import spans
from components.records.base import Record
from components.records.spans import AgreementRecord, SpanRecord
from components.records.summary import SUMMARY_FILE, trained_spans_in
from components.serving import versions
from modules import model_layout
from modules.rounding import share
from modules.text import counted, printable_lines, quoted
from pipeline.configuration.config import Config
from pipeline.state.root import Root, shown

_MARGIN = " " * 8


class TrainedVersion(Record):
    """A version that was trained on a span."""

    version: int
    """The version's number."""
    part: str
    """`whole`, or `older` where it was the subsample that stays after the window."""
    fingerprint: str
    """The span's fingerprint then."""
    serving: bool = False
    """Whether it is the version that TensorFlow Serving loads."""
    withdrawn: bool = False
    """Whether it was withdrawn by a rollback."""


class ListedSpan(SpanRecord):
    """A span, and the versions that know it."""

    versions: tuple[TrainedVersion, ...]
    """The versions in the serving folder, and the withdrawn ones, that were trained on it."""


def listed(config: Config) -> list[ListedSpan]:
    """The spans that were ingested, by number.

    Raises:
        InputError: when the registry is damaged.
    """
    records = spans.read(Root(config.root).spans)
    trained = trained_versions(config) if records else {}
    return [
        ListedSpan(**dict(record), versions=tuple(trained.get(record.span, ())))
        for record in records.values()
    ]


def trained_versions(config: Config) -> dict[int, list[TrainedVersion]]:
    """By span, the versions that were trained on it, in rising order."""
    folder = config.serving_dir
    present = versions.list_versions(folder)
    places_of = {number: folder for number in present}
    places_of |= {
        note["version"]: folder / versions.WITHDRAWN for note in versions.withdrawn(folder)
    }
    by_span: dict[int, list[TrainedVersion]] = {}
    for number, place in sorted(places_of.items()):
        summary = place / str(number) / model_layout.EXTRA / SUMMARY_FILE
        for trained in trained_spans_in(summary) or ():
            version = TrainedVersion(
                version=number,
                part=trained.part,
                fingerprint=trained.fingerprint,
                serving=number == (present[-1] if present else None),
                withdrawn=place != folder,
            )
            by_span.setdefault(trained.span, []).append(version)
    return by_span


def as_text(rows: Sequence[ListedSpan], config: Config) -> str:
    """What is known of each span, a paragraph each."""
    if not rows:
        return f"no span has been ingested yet; run thaw retrain {shown(config.file)}"
    return printable_lines(line for row in rows for line in _lines(row, config))


def _lines(row: ListedSpan, config: Config) -> Iterator[str]:
    name = places.shown(row.span, config.data.path)
    version = f", version {row.version}" if row.version else ""
    yield f"span {name}{version}: {row.state} by {row.decided_by}, {row.decided_at}: {row.reason}"
    counts = ", ".join(f"{split} {sum(n.values()):,}" for split, n in row.images.items())
    if counts:
        yield f"{_MARGIN}images: {counts}; fingerprint {row.fingerprint}"
    if row.agreement:
        yield from _agreement(row.agreement, config)
    if row.state == "quarantined":
        yield (
            f"{_MARGIN}to decide: thaw spans accept (or reject) {shown(config.file)} {name} "
            "--by NAME --reason TEXT"
        )
    if row.versions:
        yield f"{_MARGIN}trained on it: {', '.join(_in_words(of, row) for of in row.versions)}"


def _agreement(agreement: AgreementRecord, config: Config) -> Iterator[str]:
    low, high = agreement.interval
    yield (
        f"{_MARGIN}version {agreement.version} agrees with the labels of "
        f"{share(agreement.agreement, agreement.images)} of {counted(agreement.images, 'image')} "
        f"(95 % interval {low:.3f} to {high:.3f}); mean score {_score(agreement.score_agreeing)} "
        f"where it agrees, {_score(agreement.score_disagreeing)} where it does not; shift "
        f"{agreement.answer_shift:.3f}"
    )
    if agreement.unknown_labels:
        yield f"{_MARGIN}it does not know {quoted(agreement.unknown_labels)}"
    if agreement.unanswered:
        yield f"{_MARGIN}it could not read {counted(agreement.unanswered, 'image')}"
    if agreement.sheet:
        sheet = Root(config.root).path / agreement.sheet
        yield f"{_MARGIN}contact sheet: {shown(sheet)}"


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _in_words(version: TrainedVersion, row: ListedSpan) -> str:
    marks = [
        mark
        for mark, holds in (
            ("serving", version.serving),
            ("withdrawn", version.withdrawn),
            ("a part of it", version.part == "older"),
            ("as it was then", version.fingerprint != row.fingerprint),
        )
        if holds
    ]
    return f"version {version.version}" + (f" ({', '.join(marks)})" if marks else "")

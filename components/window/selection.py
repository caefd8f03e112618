"""Which spans are in a window, and which of their artifacts a training gets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.records.spans import SpanRecord
from modules.settings import Window

# Keys of ``SpanRecord.artifacts``.
EXAMPLES = "examples"
OLDER = "older"
INGESTION = "ingestion"
STATISTICS = "statistics"
REVIEW = "review"


@dataclass(frozen=True)
class Selection:
    """The spans that a model is trained on, in rising order.

    Attributes:
        whole: those in the window.
        older: those before it, of which a part stays in.
    """

    whole: tuple[SpanRecord, ...] = ()
    older: tuple[SpanRecord, ...] = ()

    def artifacts(self, key: str, root: Path) -> list[str]:
        """The folders of all artifacts of a kind, span after span.

        Args:
            key: ``EXAMPLES`` gives the older part of an older span; or ``INGESTION``.
            root: of the pipeline.
        """
        of_older = OLDER if key == EXAMPLES else key
        paths = [
            *(record.artifacts.get(of_older) for record in self.older),
            *(record.artifacts.get(key) for record in self.whole),
        ]
        return [str(root / path) for path in paths if path]


def numbers_in(spans: Iterable[int], window: Window) -> set[int]:
    """Which numbers of spans are in a window: the latest ones.

    Args:
        spans: those that may be in it.
        window: counted in spans, or in days up to the latest span.
    """
    ordered = sorted(set(spans))
    if window.spans is not None:
        return set(ordered[-window.spans :])
    days = window.days or 0
    return {number for number in ordered if number > ordered[-1] - days}


def select(records: Mapping[int, SpanRecord], window: Window) -> Selection:
    """The accepted spans of a window, and those before it if a part of them stays in.

    A span of which no part was written, as ``window.older`` came after it had been moved away, is
    not among the latter.
    """
    accepted = {n: record for n, record in records.items() if record.state == "accepted"}
    inside = numbers_in(accepted, window)
    before = [n for n in accepted if inside and n < min(inside)] if window.older else []
    before = [n for n in before if OLDER in accepted[n].artifacts]
    return Selection(
        whole=tuple(accepted[n] for n in sorted(inside)),
        older=tuple(accepted[n] for n in sorted(before)),
    )

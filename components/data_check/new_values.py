"""Labels and formats that the root's schema does not list, and the command that accepts them."""

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from components.records import domains
from components.records.data import DataRecord
from modules import features
from modules.errors import InputError
from modules.text import clipped, counted, shell_word

_SHOWN = 10
_NOUNS = {features.LABEL: ("class", "classes"), features.FORMAT: ("format", "formats")}

Counts = Mapping[str, Mapping[str, int]]  # by feature and value, the number of images


@dataclass(frozen=True)
class Accepted:
    """Which labels and formats there may be, and where the command that accepts others finds them.

    Attributes:
        values: by feature; of a feature that is missing here, any.
        config: the config's file.
        root: the root's folder; empty for the one that the config names.
    """

    values: Mapping[str, Sequence[str]]
    config: str
    root: str = ""

    def as_text(self) -> str:
        """JSON, the same for the same values: TFX's cache goes by it."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def of_text(text: str) -> "Accepted":
        """What ``as_text`` wrote."""
        return Accepted(**json.loads(text))

    def command(self, values: Counts) -> str:
        """The command that accepts further values, as a shell takes it."""
        words = [shell_word(f"{name}={value}") for name in values for value in values[name]]
        root = ["--root", shell_word(self.root)] if self.root else []
        return " ".join(["thaw schema accept", shell_word(self.config), *words, *root, "--by NAME"])


def refuse(accepted: Accepted, data: DataRecord, reports: Sequence[DataRecord]) -> None:
    """Raises when there are images of a label or format that may not be there.

    ExampleValidator finds them too. They are counted here by what the ingestion has counted: TFDV
    puts all new values into one text, in which a label's own commas cannot be told from those
    between labels, and it looks at no more than the thousand commonest.

    Args:
        accepted: what may be there.
        data: the counts of all images that are used.
        reports: the counts of each span.

    Raises:
        InputError: which names the values with their images, the spans that have them if there are
            several spans, and the command that accepts them.
    """
    new = _new_values(accepted, data)
    if not new:
        return
    parts = [_in_words(name, counts, accepted.values[name]) for name, counts in new.items()]
    spans = [report.span for report in reports if _has_any(new, _new_values(accepted, report))]
    where = f" in {_spans(spans)}" if len(reports) > 1 else ""
    raise InputError(
        f"data: new{where}: {' and '.join(parts)}; correct the images, or, if this is right, "
        f"accept it and run again: {accepted.command(new)}"
    )


def _has_any(new: Counts, of_span: Counts) -> bool:
    return any(set(new[name]) & set(of_span.get(name, ())) for name in new)


def _spans(numbers: Sequence[int | None]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if numbers[_SHOWN:] else "")
    return f"span{'s' if len(numbers) > 1 else ''} {shown}"


def _new_values(accepted: Accepted, report: DataRecord) -> dict[str, dict[str, int]]:
    """By feature, the values that may not be there, with their images."""
    labels: Counter[str] = Counter()
    for split, by_label in (report.images or {}).items():
        if split in features.SPLITS:
            labels.update(by_label)
    counts = {features.LABEL: labels, features.FORMAT: report.formats or {}}
    return domains.new_values(accepted.values, counts)


def _in_words(name: str, counts: Mapping[str, int], known: Sequence[str]) -> str:
    shown = [_counted(value, n, known) for value, n in list(counts.items())[:_SHOWN]]
    rest = f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
    return f"{_NOUNS[name][len(counts) > 1]} {', '.join(shown)}{rest}"


def _counted(value: str, images: int, known: Sequence[str]) -> str:
    """A value with its count, and with the one that it may be a mistake for."""
    by_plain = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(value.casefold(), by_plain, n=1, cutoff=0.8)
    alike = f", like {clipped(by_plain[near[0]], 60)!r}" if near else ""
    return f"{clipped(value, 60)!r} ({counted(images, 'image')}{alike})"

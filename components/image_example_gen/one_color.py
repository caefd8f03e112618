"""Images that are of one colour, often since what is drawn in them has the background's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.records.data import OneColorRecord, paths_of
from modules.errors import InputError
from modules.text import as_json, counted, quoted

LIST_FILE = "one_color.jsonl"
_SHOWN = 5


def summarize(rows: Sequence[Mapping[str, str]], path: Path) -> OneColorRecord:
    """For the report.

    Args:
        rows: of each such image ``path`` and ``color``.
        path: the file that lists them.
    """
    return OneColorRecord(
        count=len(rows),
        colors=dict(Counter(row["color"] for row in rows).most_common(_SHOWN)),
        first=tuple(row["path"] for row in rows[:_SHOWN]),
        list=str(path),
    )


def write(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Lists them, as JSON lines."""
    path.write_text("".join(as_json(row) + "\n" for row in rows), encoding="utf-8")


def line(record: OneColorRecord, total: int) -> str:
    """What a person should know of them; empty if there are none.

    Args:
        record: what ``summarize`` gave.
        total: how many images there are.
    """
    count = record.count
    if not count:
        return ""
    colors = ", ".join(f"{number:,} {color}" for color, number in record.colors.items())
    names = quoted(record.first)
    rest = count - len(record.first)
    more = f" and {rest:,} more" if rest else ""
    return (
        f"{count:,} of {counted(total, 'image')} {'is' if count == 1 else 'are'} of one colour "
        f"({colors}): {names}{more}; all are named in {', '.join(paths_of(record.listed_in))}"
    )


def check(record: OneColorRecord, total: int) -> None:
    """Refuses data in which there is nothing to be seen.

    Raises:
        InputError: when all images are of one colour, and all of the same.
    """
    if total > 0 and list(record.colors.values()) == [total]:
        (color,) = record.colors
        raise InputError(
            f"data: all of {counted(total, 'image')} show nothing but the colour {color}; if they "
            "are drawings in this colour on transparency, set data.background to another colour"
        )

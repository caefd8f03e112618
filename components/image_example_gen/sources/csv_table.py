"""A CSV file as rows by column, and what is wrong with it as a table."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.image_example_gen.io import read_file
from components.image_example_gen.sources.no_such_path import refuse_what_is_not_there
from modules.errors import InputError


@dataclass(frozen=True)
class Table:
    """What a manifest holds.

    Attributes:
        columns: the header's names, without those that are empty.
        rows: each with its number, the header's being 1.
        nameless: columns with an empty name, ``column 3``; nothing in them is lost but what pandas
            writes as its index.
    """

    columns: list[str]
    rows: Iterator[tuple[int, Mapping[str, str]]]
    nameless: list[str]


def read_table(path: str, key: str) -> Table:
    """Reads all of it: by commas, or by tabs where it is called ``.tsv``; UTF-8.

    Raises:
        InputError: when it cannot be read, is empty, a row has other values than the header, or a
            column with an empty name holds more than a number of its own in each row.
    """
    where = f"{key}: {path}"
    header, rows = _lines(path, key)
    nameless = {place for place, name in enumerate(header) if not name}
    _check_nameless(nameless, rows, where)
    columns = [name for name in header if name]
    return Table(
        columns,
        (
            (number, {name: value for name, value in zip(header, values, strict=True) if name})
            for number, values in rows
        ),
        [f"column {place + 1}" for place in sorted(nameless)],
    )


def columns_of(path: str, key: str = "data.path") -> list[str]:
    """The manifest's header, without empty names.

    Raises:
        InputError: when it cannot be read.
    """
    return [name for name in _header(_reader(path, key), f"{key}: {path}") if name]


def _lines(path: str, key: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    where = f"{key}: {path}"
    reader = _reader(path, key)
    header = _header(reader, where)
    rows = []
    try:
        for number, values in enumerate(reader, start=2):
            if not values:
                continue  # An empty line.
            if len(values) != len(header):
                raise InputError(
                    f"{where}, row {number}: {len(values)} values for {len(header)} columns; "
                    "quote values that hold the separator"
                )
            rows.append((number, values))
    except csv.Error as error:
        raise InputError(f"{where}: {error}; correct it") from None
    return header, rows


def _reader(path: str, key: str) -> Iterator[list[str]]:
    refuse_what_is_not_there(path, key)
    try:
        text = read_file(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"{key}: {path} cannot be read ({reason}); give a CSV file") from None
    if not text.strip():
        raise InputError(
            f"{key}: {path} is empty; it needs a header, such as path,label, and a row for each "
            "image"
        )
    tabs = Path(path).suffix.lower() == ".tsv"
    return csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",")


def _header(reader: Iterator[list[str]], where: str) -> list[str]:
    try:
        return [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InputError(f"{where}, row 1: {error}; correct it") from None


def _check_nameless(
    nameless: set[int], rows: Sequence[tuple[int, Sequence[str]]], where: str
) -> None:
    """Lets pass what spreadsheets and pandas leave: nothing, and a number for each row."""
    for place in sorted(nameless):
        values = [values[place].strip() for _, values in rows]
        numbers = all(map(str.isdecimal, values)) and len(set(values)) == len(values)
        if numbers or not any(values):
            continue
        number, value = next((n, v) for (n, _), v in zip(rows, values, strict=True) if v)
        raise InputError(
            f"{where}: the name of column {place + 1} is empty, but the column holds values, such "
            f"as {value!r} in row {number}; name the column in the first row, or remove it"
        )

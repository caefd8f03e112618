"""A CSV manifest: a row for each image."""

import csv
import io
import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from components.image_example_gen.contents import read_file, size_of
from components.image_example_gen.entry import (
    ImageFile,
    check_classes,
    is_remote,
    problem_of_label,
)
from components.image_example_gen.sources.split_names import KNOWN, split_named
from modules import features
from modules.errors import InputError
from modules.settings import Ingest

# Names of features that are not the manifest's to give.
_TAKEN = {*features.IMAGE_FACTS, features.IMAGE_BYTES, features.PATH, features.LABEL_INDEX}


def list_manifest(
    path: str, options: Ingest, key: str = "data.path", least: int = 2
) -> list[ImageFile]:
    """The images of a manifest's rows, in their order.

    Paths in it start at its own folder, or at ``image_root``, and stay below it; addresses may lead
    anywhere. Separated by commas, or by tabs where it is called ``.tsv``; UTF-8.

    Args:
        path: of the manifest, local or an address.
        options: names its columns. Those that it has and no option names are kept.
        key: of the config, that named it.
        least: how many classes there must be.

    Raises:
        InputError: when it cannot be read, lacks a column, names a split that is none or a path
            outside its folder, or has too few classes.
    """
    columns, rows = _read(path, key)
    _check_columns(columns, options, path, key)
    further = further_columns(columns, options)
    root = options.image_root.rstrip("/") or path.rpartition("/")[0]
    files = []
    for number, row in rows:
        where = f"{key}: {path}, row {number}"
        name = row[options.image_column].strip()
        label = row[options.label_column].strip()
        files.append(
            ImageFile(
                _place(root, name, where),
                name or f"row {number}",
                "" if problem_of_label(label) else label,
                0 if is_remote(root) or is_remote(name) else size_of(os.path.join(root, name)),
                _split(row.get(options.split_column, ""), where),
                row.get(options.group_column, "").strip(),
                tuple((one, row[one]) for one in further if row[one]),
                problem="no path" if not name else problem_of_label(label),
            )
        )
    check_classes(files, f"{key}: {path}", least)
    return files


def columns_of(path: str, key: str = "data.path") -> list[str]:
    """The manifest's header.

    Raises:
        InputError: when it cannot be read.
    """
    return _read(path, key)[0]


def further_columns(columns: Sequence[str], options: Ingest) -> list[str]:
    """Those of a manifest's columns that become features of their own."""
    known = {
        options.image_column,
        options.label_column,
        options.split_column,
        options.group_column,
    }
    return [one for one in columns if one not in known]


def _read(path: str, key: str) -> tuple[list[str], Iterator[tuple[int, Mapping[str, str]]]]:
    """The header, and the rows with their numbers, the header's being 1."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"{key}: {path} cannot be read ({reason}); give a CSV file") from None
    tabs = Path(path).suffix.lower() == ".tsv"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tabs else ",")
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InputError(f"{key}: {path}, row 1: {error}; correct it") from None
    return columns, _rows(reader, columns, f"{key}: {path}")


def _rows(
    reader: Iterator[list[str]], columns: Sequence[str], where: str
) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        for number, values in enumerate(reader, start=2):
            if not values:
                continue  # An empty line.
            if len(values) != len(columns):
                raise InputError(
                    f"{where}, row {number}: {len(values)} values for {len(columns)} columns; "
                    "quote values that hold the separator"
                )
            yield number, dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise InputError(f"{where}: {error}; correct it") from None


def _check_columns(columns: Sequence[str], options: Ingest, path: str, key: str) -> None:
    wanted = {"image_column": options.image_column, "label_column": options.label_column}
    defaults = Ingest.model_fields
    for option in ("split_column", "group_column"):
        named = getattr(options, option)
        if named != defaults[option].default:
            wanted[option] = named
    for option, name in wanted.items():
        if name not in columns:
            raise InputError(
                f"data.{option}: {path} has no column {name!r}; it has {', '.join(columns)}: "
                "name one of them"
            )
    if len(set(columns)) < len(columns):
        raise InputError(f"{key}: {path} has two columns of one name; rename one")
    taken = sorted(_TAKEN.intersection(further_columns(columns, options)))
    if taken:
        raise InputError(
            f"{key}: the column {taken[0]!r} of {path} has the name of a feature that every image "
            "gets; rename it"
        )


def _place(root: str, name: str, where: str) -> str:
    """Where a row's image lies; a path must not lead out of its root."""
    if is_remote(name):
        return name
    inside = posixpath.relpath(name, root) if name.startswith("/") else posixpath.normpath(name)
    if inside == ".." or inside.startswith("../"):
        raise InputError(
            f"{where}: {name} lies outside of {root}; set data.image_root to a folder above all "
            "images, or give addresses"
        )
    return f"{root}/{inside}"


def _split(value: str, where: str) -> str | None:
    if not value.strip():
        return None
    split = split_named(value)
    if split is None:
        raise InputError(
            f"{where}: {value!r} is no split; known are {', '.join(KNOWN)}, or nothing: correct it"
        )
    return split

"""A CSV manifest: a row for each image."""

import os
import posixpath
from collections.abc import Sequence
from dataclasses import replace

from components.image_example_gen import passed_over
from components.image_example_gen.image_file import (
    ImageFile,
    check_classes,
    is_remote,
    problem_of_label,
)
from components.image_example_gen.listed import Listing
from components.image_example_gen.passed_over import PassedOver
from components.image_example_gen.sources.csv_table import read_table
from components.image_example_gen.sources.missing import (
    looker,
    refuse_none_at_addresses,
    refuse_none_there,
)
from components.image_example_gen.sources.no_such_path import refuse_what_is_not_there
from components.image_example_gen.split_names import KNOWN, split_named
from modules import features
from modules.errors import InputError
from modules.settings import GoldenIngest, Ingest
from modules.text import quoted

# Names of features that are not the manifest's to give.
RESERVED = (*features.IMAGE_METADATA, features.IMAGE_BYTES, features.LABEL_INDEX)
# Nor are these, where other columns are the image's and the label's: they are left out.
_OF_OTHERS = (features.PATH, features.LABEL)
_MISSING = "unreadable: No such file or directory"


def list_manifest(
    path: str, options: Ingest, key: str = "data.path", min_classes: int = 2
) -> Listing:
    """The images of a manifest's rows, in their order.

    Paths in it start at its own folder, or at ``image_root``, and stay below it; addresses may lead
    anywhere. Separated by commas, or by tabs where it is called ``.tsv``; UTF-8.

    Args:
        path: of the manifest, local or an address.
        options: names its columns. Those that it has and no option names are kept.
        key: of the config, that named it.
        min_classes: how many classes there must be.

    Raises:
        InputError: when it cannot be read, lacks a column, names a split that is none, a path
            outside its folder or no file that there is, or has too few classes.
    """
    table = read_table(path, key)
    where = f"{key}: {path}"
    check_columns(table.columns, options, path, key)
    further = further_columns(table.columns, options)
    refuse_what_is_not_there(options.image_root or "/", "data.image_root")
    root = (options.image_root or "").rstrip("/") or path.rpartition("/")[0]
    passed = PassedOver()
    for name in table.nameless:
        passed.add(passed_over.NAMELESS, name)
    for name in _OF_OTHERS:
        if name in table.columns and name not in (options.image_column, options.label_column):
            passed.add(passed_over.OF_OTHERS, name)
    # All images of a golden set go to one split, and its own names may be any.
    split_column = "" if isinstance(options, GoldenIngest) else options.split_column
    files = []
    for number, row in table.rows:
        name, label = row[options.image_column].strip(), row[options.label_column].strip()
        if not label and options.unlabelled == "skip":
            passed.add(passed_over.UNLABELLED, name)
            continue
        place = _place(root, name, f"{where}, row {number}")
        size, problem = (0, "") if is_remote(place) else _weight(place)
        files.append(
            ImageFile(
                path=place,
                name=name or f"row {number}",
                label="" if problem_of_label(label) else label,
                size=size,
                split=_split(row.get(split_column, ""), f"{where}, row {number}"),
                group=row.get(options.group_column, "").strip(),
                columns=tuple((column, row[column]) for column in further if row[column]),
                problem="no path" if not name else problem_of_label(label) or problem,
            )
        )
    if not files:
        raise InputError(f"{where} {_rowless(passed)}")
    files = _with_places(files, root, where)
    check_classes(files, where, min_classes)
    is_known = isinstance(options, GoldenIngest) or options.split_column in table.columns
    notes = [] if is_known else _unused_splits(files, further)
    return Listing(files, _described(path, table.columns, options, further), passed, notes)


def _rowless(passed: PassedOver) -> str:
    if passed.counts[passed_over.UNLABELLED]:
        return "has no row with a label; name the label's column in data.label_column"
    return "has a header and no rows; add a row for each image"


def _weight(path: str) -> tuple[int, str]:
    """Bytes of a local file, and why it cannot be used where that shows at once."""
    try:
        return os.stat(path).st_size, ""
    except FileNotFoundError:
        return 0, "" if os.path.islink(path) else _MISSING
    except (OSError, ValueError):  # A name may hold a null character.
        return 0, ""


def _with_places(files: list[ImageFile], root: str, where: str) -> list[ImageFile]:
    """Says of each missing file where it may be.

    Raises:
        InputError: when all are missing.
    """
    local = [file for file in files if not is_remote(file.path) and file.problem != "no path"]
    missing = [file.name for file in local if not os.path.lexists(file.path)]
    if missing and len(missing) == len(local):
        refuse_none_there(root, missing, where)
    if not local:
        refuse_none_at_addresses([file.path for file in files if file.name], where)
    look = looker(root)
    return [
        replace(file, problem=file.problem + look(file.name)) if file.problem == _MISSING else file
        for file in files
    ]


def _unused_splits(files: Sequence[ImageFile], further: Sequence[str]) -> list[str]:
    """A sentence on each column that holds splits' names alone, where no column is the split's."""
    splits: dict[str, set[str]] = {column: set() for column in further}
    for file in files:
        for column, value in file.columns:
            split = split_named(value)
            if split is None:
                splits.pop(column, None)
            elif column in splits:
                splits[column].add(split)
        if not splits:
            break
    return [
        f"the column {column!r} holds names of splits, but is not read as the split; if it is the "
        f"split, set data.split_column: {column}"
        for column, named in splits.items()
        if features.TRAIN in named and len(named) > 1
    ]


def _described(path: str, columns: Sequence[str], options: Ingest, further: Sequence[str]) -> str:
    """How a manifest is read, in words."""
    description = f"the manifest {path.rpartition('/')[2]}"
    if isinstance(options, GoldenIngest):
        return description
    if options.split_column in columns:
        description += f", splits from its column {options.split_column!r}"
    if options.group_column in columns:
        description += f", groups from {options.group_column!r}"
    return f"{description}, further columns {quoted(further)}" if further else description


def further_columns(columns: Sequence[str], options: Ingest) -> list[str]:
    """Those of a manifest's columns that become features of their own."""
    known = {
        options.image_column,
        options.label_column,
        options.split_column,
        options.group_column,
        *_OF_OTHERS,
    }
    return [column for column in columns if column not in known]


def check_columns(columns: Sequence[str], options: Ingest, path: str, key: str) -> None:
    """Refuses a header that lacks a column, or has one that cannot be a feature.

    Raises:
        InputError: with the column's name, and those that there are.
    """
    wanted = {"image_column": options.image_column, "label_column": options.label_column}
    defaults = Ingest.model_fields
    for option in ("split_column", "group_column"):
        named = getattr(options, option)
        if named != defaults[option].default:
            wanted[option] = named
    if len(columns) == 1 and ";" in columns[0]:
        raise InputError(
            f"{key}: {path} has one column, {columns[0]!r}; save it with commas instead of "
            "semicolons"
        )
    for option, name in wanted.items():
        if name not in columns:
            raise InputError(
                f"data.{option}: {path} has no column {name!r}; it has {quoted(columns, 20)}: "
                "name one of them"
            )
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise InputError(f"{key}: {path} has two columns named {twice[0]!r}; rename one")
    taken = sorted(set(RESERVED).intersection(further_columns(columns, options)))
    if taken:
        raise InputError(
            f"{key}: {path} has a column {taken[0]!r}, but Thaw itself gives every image "
            f"{', '.join(RESERVED)}; rename the column, for example to 'stated_{taken[0]}', or "
            "remove it"
        )


def _place(root: str, name: str, where: str) -> str:
    """Where a row's image lies; a path must not lead out of its root."""
    if is_remote(name):
        return name
    inside = posixpath.relpath(name, root) if name.startswith("/") else posixpath.normpath(name)
    if inside == ".." or inside.startswith("../"):
        raise InputError(
            f"{where}: {name} is outside {root}; set data.image_root to a folder above all "
            "images, or give addresses"
        )
    return f"{root}/{inside}"


def _split(value: str, where: str) -> str | None:
    if not value.strip():
        return None
    split = split_named(value)
    if split is None:
        raise InputError(
            f"{where}: {value!r} is not a split; it must be {', '.join(KNOWN)} or empty: correct it"
        )
    return split

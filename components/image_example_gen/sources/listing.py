"""All images of a configuration, in one order."""

import os
from dataclasses import replace
from pathlib import Path

from components.image_example_gen.image_file import ImageFile, is_remote
from components.image_example_gen.listed import Listing
from components.image_example_gen.passed_over import is_of_system
from components.image_example_gen.sources import spans
from components.image_example_gen.sources.folder import list_folder
from components.image_example_gen.sources.manifest import further_columns, list_manifest
from components.image_example_gen.sources.shards import list_shards
from components.image_example_gen.sources.table import columns_of
from modules import features
from modules.errors import InputError
from modules.settings import Format, Ingest


def list_all(options: Ingest) -> list[ImageFile]:
    """The files of ``list_data``."""
    return list_data(options).files


def list_data(options: Ingest) -> Listing:
    """The images of ``path``, and after them the earlier ones, in their own split; none is decoded.

    Raises:
        InputError: when either cannot be listed, the two share images, or the second holds a class
            that the first does not.
    """
    path = spans.latest(options.path).path
    found = _list(path, options, "data.path", 2)
    if not options.earlier:
        return found
    before = spans.latest(options.earlier, "data.earlier").path
    if _overlap(path, before):
        raise InputError(
            f"data.earlier: {before} and data.path, {path}, hold the same images; name a folder "
            "of images that are not trained on"
        )
    more = _list(before, options, "data.earlier", 1)
    unknown = sorted({file.label for file in more.files} - {file.label for file in found.files})
    if unknown:
        raise InputError(
            f"data.earlier: the class {unknown[0]!r} in {before} is not among those in data.path; "
            "rename or remove its folder"
        )
    earlier = [replace(file, split=features.EARLIER) for file in more.files]
    notes = [f"earlier images: {'; '.join([more.layout, *more.passed.parts()])}", *more.notes]
    return replace(found, files=found.files + earlier, notes=[*found.notes, *notes])


def further_features(options: Ingest) -> list[str]:
    """The columns of a manifest that become features of their own; none for other formats."""
    path = spans.latest(options.path).path
    if (options.format or guess(path)) != "csv":
        return []
    return further_columns(columns_of(path), options)


def guess(path: str) -> Format:
    """What a path holds, by its name or, for a local folder, by what lies in it."""
    name = path.rstrip("/").rpartition("/")[2].lower()
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if ".tfrecord" in name:
        return "tfrecord"
    return "tfrecord" if not is_remote(path) and _holds_shards(Path(path)) else "folder"


def _holds_shards(folder: Path, deep: int = 1) -> bool:
    """Whether a shard lies in the folder, or in one of its own."""
    if not (os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()):
        return False
    names = [name for name in os.listdir(folder) if not is_of_system(name)]
    return any(".tfrecord" in name for name in names) or (
        deep > 0 and any(_holds_shards(folder / name, deep - 1) for name in names)
    )


def _list(path: str, options: Ingest, key: str, least: int) -> Listing:
    form = options.format or guess(path)
    if form == "tfrecord":
        return list_shards(path, options, key, least)
    if form == "csv":
        found = list_manifest(path, options, key, least)
    else:
        found = list_folder(path, key, least, options.folders, options.leave_out)
    ordered = sorted(found.files, key=lambda file: (file.name, file.label))
    return replace(found, files=ordered)


def _overlap(one: str, other: str) -> bool:
    if is_remote(one) or is_remote(other):
        return one.rstrip("/") == other.rstrip("/")
    now, before = Path(one).resolve(), Path(other).resolve()
    return now == before or now in before.parents or before in now.parents

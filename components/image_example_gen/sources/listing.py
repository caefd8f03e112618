"""All images of a configuration, in one order."""

import os
from dataclasses import replace
from pathlib import Path

from components.image_example_gen.entry import ImageFile, is_remote
from components.image_example_gen.sources import spans
from components.image_example_gen.sources.folder import list_folder
from components.image_example_gen.sources.manifest import columns_of, further_columns, list_manifest
from components.image_example_gen.sources.shards import list_shards
from modules import features
from modules.errors import InputError
from modules.settings import Format, Ingest


def list_all(options: Ingest) -> list[ImageFile]:
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
    unknown = sorted({file.label for file in more} - {file.label for file in found})
    if unknown:
        raise InputError(
            f"data.earlier: the class {unknown[0]!r} in {before} is none of those in data.path; "
            "rename or remove its folder"
        )
    return found + [replace(file, split=features.EARLIER) for file in more]


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


def _holds_shards(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    names = os.listdir(folder)
    return any(".tfrecord" in name for name in names) or any(
        ".tfrecord" in inner
        for name in names
        if not name.startswith(".")
        and os.access(folder / name, os.R_OK | os.X_OK)
        and (folder / name).is_dir()
        for inner in os.listdir(folder / name)
    )


def _list(path: str, options: Ingest, key: str, least: int) -> list[ImageFile]:
    form = options.format or guess(path)
    if form == "tfrecord":
        return list_shards(path, options, key, least)
    if form == "csv":
        found = list_manifest(path, options, key, least)
    else:
        found = list_folder(path, key, least)
    return sorted(found, key=lambda file: (file.name, file.label))


def _overlap(one: str, other: str) -> bool:
    if is_remote(one) or is_remote(other):
        return one.rstrip("/") == other.rstrip("/")
    now, before = Path(one).resolve(), Path(other).resolve()
    return now == before or now in before.parents or before in now.parents

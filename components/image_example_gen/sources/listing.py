"""All images of a configuration, in one order."""

import re
from dataclasses import replace
from pathlib import Path

from components.image_example_gen.image_file import ImageFile, is_remote
from components.image_example_gen.listed import Listing
from components.image_example_gen.sources import spans
from components.image_example_gen.sources.built_in import SOURCES, guess
from components.image_example_gen.sources.source import Source, load_source
from modules import features
from modules.errors import InputError
from modules.settings import GoldenIngest, Ingest

GOLDEN_KEY = "evaluation.golden.path"
_KEYS_OF_DATA = re.compile(r"\bdata\.(path|format|folders|image_root|image_column|label_column)\b")


def key_of(options: Ingest) -> str:
    """The config's key that names the images, for messages."""
    return GOLDEN_KEY if isinstance(options, GoldenIngest) else "data.path"


def source_of(path: str, options: Ingest) -> Source:
    """What lists the images of a path: as ``data.format`` says, or as the path looks.

    Raises:
        InputError: when a user's own source cannot be loaded.
    """
    name = options.format or guess(path)
    return SOURCES[name] if name in SOURCES else load_source(name)


def list_all(options: Ingest) -> list[ImageFile]:
    """The files of ``list_data``."""
    return list_data(options).files


def list_data(options: Ingest, min_classes: int = 2) -> Listing:
    """The images of ``path``, and after them the earlier ones, in their own split; none is decoded.

    Args:
        options: where they are.
        min_classes: how many classes there must be.

    Raises:
        InputError: when either cannot be listed, the two share images, or the second holds a class
            that the first does not.
    """
    if isinstance(options, GoldenIngest):
        return _list_golden(options)
    path = spans.latest(options.path).path
    listing = source_of(path, options).list_images(path, options, "data.path", min_classes)
    if not options.earlier:
        return listing
    before = spans.latest(options.earlier, "data.earlier").path
    if _overlap(path, before):
        raise InputError(
            f"data.earlier: {before} and data.path, {path}, hold the same images; name a folder "
            "of images that are not trained on"
        )
    more = source_of(before, options).list_images(before, options, "data.earlier", 1)
    unknown = sorted({file.label for file in more.files} - {file.label for file in listing.files})
    if unknown:
        raise InputError(
            f"data.earlier: the class {unknown[0]!r} in {before} is not among those in data.path; "
            "rename or remove its folder"
        )
    earlier = [replace(file, split=features.EARLIER) for file in more.files]
    notes = [f"earlier images: {'; '.join([more.layout, *more.passed.parts()])}", *more.notes]
    return replace(listing, files=listing.files + earlier, notes=[*listing.notes, *notes])


def _list_golden(options: GoldenIngest) -> Listing:
    """The images of a golden set, which may be of a single class: all in its split, and ungrouped.

    Raises:
        InputError: when they cannot be listed.
    """
    try:
        source = source_of(options.path, options)
        listing = source.list_images(options.path, options, GOLDEN_KEY, 1)
    except InputError as error:
        # A source names the keys of data that are like these.
        raise InputError(_KEYS_OF_DATA.sub(r"evaluation.golden.\1", str(error))) from None
    files = [
        replace(file, split=options.only_split, group="", columns=()) for file in listing.files
    ]
    return replace(listing, files=files)


def further_features(options: Ingest) -> list[str]:
    """The columns of the images of ``path`` that become features of their own."""
    path = spans.latest(options.path).path
    return [*source_of(path, options).further_features(path, options)]


def _overlap(path: str, other: str) -> bool:
    if is_remote(path) or is_remote(other):
        return path.rstrip("/") == other.rstrip("/")
    now, before = Path(path).resolve(), Path(other).resolve()
    return now == before or now in before.parents or before in now.parents

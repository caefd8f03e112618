"""What a source of images is, and the checks of a user's own."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from components.image_example_gen.image_file import (
    ImageFile,
    check_classes,
    is_remote,
    problem_of_label,
)
from components.image_example_gen.listed import Listing
from components.image_example_gen.sources.manifest import RESERVED
from modules import features, plugins
from modules.errors import InputError
from modules.settings import Ingest
from modules.text import cause

_KEY = "data.format"


@runtime_checkable
class Source(Protocol):
    """Lists the images of one form of data.

    A source opens no image. It says where each lies and what is known of it; Thaw reads it, checks
    it, and gives it a split where the source names none.
    """

    def list_images(self, path: str, options: Ingest, key: str, min_classes: int) -> Listing:
        """Lists all images.

        Args:
            path: ``data.path`` or ``data.earlier``: absolute, or an address; of a path with
                placeholders, the latest span.
            options: the keys of ``data``, of which a source may use what it needs.
            key: of the config that named the path, for messages.
            min_classes: how many classes there must be.

        Returns:
            The images, in an order that depends on the data alone. ``name`` identifies an image
            wherever the data lies.

        Raises:
            InputError: when the path cannot be listed.
        """

    def further_features(self, path: str, options: Ingest) -> Sequence[str]:
        """Names of the columns that the images have besides; each becomes a text feature.

        Args:
            path: as for ``list_images``.
            options: likewise.
        """


class KnownSource(Source, Protocol):
    """One of Thaw's own, which ``data.format`` need not name."""

    def recognizes(self, path: str) -> bool:
        """Whether a path is of this form, by its name or, if it is local, by what lies in it."""


def load_source(reference: str) -> Source:
    """A user's own source.

    Args:
        reference: ``package.module:name`` of an object that has ``Source``'s methods.

    Raises:
        InputError: when it cannot be loaded, or lacks a method.
    """
    source = plugins.load(reference, _KEY)
    if isinstance(source, type) or not isinstance(source, Source):
        raise InputError(
            f"{_KEY}: {reference} is no source; name an object with the methods list_images and "
            "further_features"
        )
    return _Checked(source, reference)


class _Checked:
    """A user's own source, whose answers are checked.

    Args:
        source: as it was loaded.
        reference: to it, for messages.
    """

    def __init__(self, source: Source, reference: str) -> None:
        self._source, self._reference = source, reference

    def list_images(self, path: str, options: Ingest, key: str, min_classes: int) -> Listing:
        """Raises ``InputError`` when the source fails, or lists what cannot be an image."""
        listing = self._call("list_images", path, options, key, min_classes)
        if not isinstance(listing, Listing):
            raise self._error(f"list_images gives {type(listing).__name__}, must give a Listing")
        listing = replace(listing, files=[*listing.files])
        further = set(self.further_features(path, options))
        for file in listing.files:
            self._check(file, further)
        check_classes(listing.files, f"{key}: {path}", min_classes)
        return listing

    def further_features(self, path: str, options: Ingest) -> list[str]:
        """Raises ``InputError`` when the source fails, or a name cannot be a feature's."""
        names = self._call("further_features", path, options)
        if not isinstance(names, list | tuple) or not all(
            _is_text(name) and name for name in names
        ):
            raise self._error(f"further_features gives {names!r}, must give a list of names")
        if len(set(names)) < len(names):
            raise self._error(f"further_features gives {names!r}, which names one twice")
        taken = {*RESERVED, features.PATH, features.LABEL}.intersection(names)
        if taken:
            raise self._error(f"further_features names {min(taken)!r}, which is reserved")
        return [*names]

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._source, method)(*arguments)
        except InputError:
            raise
        except Exception as error:
            raise self._error(f"{method} failed: {type(error).__name__}: {cause(error)}") from error

    def _check(self, file: object, further: set[str]) -> None:
        if not isinstance(file, ImageFile):
            raise self._error(f"lists {type(file).__name__}, must list ImageFiles")
        wrong = _wrong_field(file)
        if wrong:
            raise self._error(f"lists an image with the {wrong}")
        problem = problem_of_label(file.label)
        if problem and not file.problem:
            raise self._error(f"{file.name!r}: {problem}; give it one, or say so in its problem")
        if file.split not in (None, *features.SPLITS):
            splits = ", ".join(features.SPLITS)
            raise self._error(f"{file.name!r} is in {file.split!r}, must be in {splits} or None")
        unknown = {name for name, _ in file.columns} - further
        if unknown:
            raise self._error(
                f"{file.name!r} has a column {min(unknown)!r}, which further_features does not name"
            )

    def _error(self, problem: str) -> InputError:
        return InputError(f"{_KEY}: {self._reference} {problem}; correct the source")


def _is_text(value: object) -> bool:
    """Whether a value is a text of valid Unicode."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _wrong_field(file: ImageFile) -> str:
    """The first field whose value cannot be used, and what it must be; empty if all can."""
    texts = ("name", "label", "group", "digest", "problem")
    columns: object = file.columns
    rules = {
        "path": (isinstance(file.path, str), "a text"),
        **{name: (_is_text(getattr(file, name)), "a text") for name in texts},
        "size": (type(file.size) is int and file.size >= 0, "a number of bytes"),
        "columns": (
            isinstance(columns, tuple)
            and all(isinstance(pair, tuple) and len(pair) == 2 for pair in columns)
            and all(_is_text(text) for pair in columns for text in pair),
            "a tuple of pairs of texts",
        ),
    }
    for name, (fits, form) in rules.items():
        if not fits:
            return f"{name} {getattr(file, name)!r}, must be {form}"
    if not is_remote(file.path) and not os.path.isabs(file.path):
        return f"path {file.path!r}, must be absolute or an address"
    return ""

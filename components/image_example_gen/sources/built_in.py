"""Thaw's own sources, by the names that ``data.format`` has for them."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components.image_example_gen.image_file import is_remote
from components.image_example_gen.listed import Listing
from components.image_example_gen.passed_over import is_of_system
from components.image_example_gen.sources.csv_table import columns_of
from components.image_example_gen.sources.folder import list_folder
from components.image_example_gen.sources.manifest import further_columns, list_manifest
from components.image_example_gen.sources.shards import list_shards
from components.image_example_gen.sources.source import KnownSource
from modules.settings import Ingest


class Manifest:
    """A CSV file with a row for each image."""

    def recognizes(self, path: str) -> bool:
        """By the name's end."""
        return _name(path).endswith((".csv", ".tsv"))

    def list_images(self, path: str, options: Ingest, key: str, min_classes: int) -> Listing:
        """As ``list_manifest``, sorted by name."""
        return _by_name(list_manifest(path, options, key, min_classes))

    def further_features(self, path: str, options: Ingest) -> list[str]:
        """The columns that no option names."""
        return further_columns(columns_of(path), options)


class Shards:
    """TFRecord files with a record for each image."""

    def recognizes(self, path: str) -> bool:
        """By the name, or by shards in the folder or in one of its own."""
        return ".tfrecord" in _name(path) or (not is_remote(path) and _holds_shards(Path(path)))

    def list_images(self, path: str, options: Ingest, key: str, min_classes: int) -> Listing:
        """As ``list_shards``, in the order of the records."""
        return list_shards(path, options, key, min_classes)

    def further_features(self, path: str, options: Ingest) -> list[str]:
        """None: what else a record holds is left out."""
        del path, options
        return []


class FolderPerClass:
    """A folder with a folder of images for each class."""

    def recognizes(self, path: str) -> bool:
        """Whatever the path."""
        del path
        return True

    def list_images(self, path: str, options: Ingest, key: str, min_classes: int) -> Listing:
        """As ``list_folder``, sorted by name."""
        return _by_name(list_folder(path, key, min_classes, options.folders, options.leave_out))

    def further_features(self, path: str, options: Ingest) -> list[str]:
        """None."""
        del path, options
        return []


# A path is of the first form that recognizes it.
SOURCES: Mapping[str, KnownSource] = {
    "csv": Manifest(),
    "tfrecord": Shards(),
    "folder": FolderPerClass(),
}


def guess(path: str) -> str:
    """The name of the form that a path has."""
    return next(name for name, source in SOURCES.items() if source.recognizes(path))


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


def _holds_shards(folder: Path, deep: int = 1) -> bool:
    """Whether a shard lies in the folder, or in one of its own."""
    if not (os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()):
        return False
    names = [name for name in os.listdir(folder) if not is_of_system(name)]
    return any(".tfrecord" in name for name in names) or (
        deep > 0 and any(_holds_shards(folder / name, deep - 1) for name in names)
    )


def _by_name(listing: Listing) -> Listing:
    files = sorted(listing.files, key=lambda file: (file.name, file.label))
    return replace(listing, files=files)

"""What the driver has listed and read, in one file of the root.

The executor takes the driver's listing from it, so that it writes what the fingerprint stands for,
whatever arrives in between; and the next run's driver takes from it the digests of files that have
not changed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.disk import replace_whole
from components.image_example_gen.contents import Contents
from components.image_example_gen.digests import Digested, FileState, fingerprint, with_digests
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_data
from modules.settings import Ingest


@dataclass(frozen=True)
class DigestedListing:
    """Images whose content was read, and how they were listed.

    Attributes:
        images: all of them, in the listing's order.
        layout: how they were listed, in words.
        left_out: what was passed over, in words.
    """

    images: Sequence[Digested]
    layout: str
    left_out: Sequence[str]

    @property
    def files(self) -> list[ImageFile]:
        """Each with its digest, or with the problem that kept it from being read."""
        return [image.file for image in self.images]

    @property
    def fingerprint(self) -> str:
        """Of all images, as ``digests.fingerprint``."""
        return fingerprint(self.files)


def take(
    options: Ingest,
    known: DigestedListing | None = None,
    min_classes: int = 2,
    contents: Contents | None = None,
) -> DigestedListing:
    """Lists the images and gives each its digest.

    Args:
        options: where they are.
        known: what an earlier run has read; None reads the content of every image.
        min_classes: how many classes there must be.
        contents: keeps what is read; None keeps nothing.
    """
    listing = list_data(options, min_classes)
    digests = {image.file.path: image for image in known.images} if known else {}
    images = list(with_digests(listing.files, digests, contents))
    return DigestedListing(images, listing.layout, listing.passed.parts())


def write(path: Path, listing: DigestedListing) -> None:
    """Writes the file: whole, or not at all."""
    rows = [{**vars(image.file), "state": image.state} for image in listing.images]
    head = {"layout": listing.layout, "left_out": listing.left_out, "images": len(rows)}
    replace_whole(path, "\n".join(map(json.dumps, (head, *rows))).encode())


def read(path: Path) -> DigestedListing | None:
    """What ``write`` wrote; None where there is nothing that can be read: all is then read anew."""
    try:
        head, *rows = map(json.loads, path.read_text(encoding="ascii").splitlines())
        if head["images"] != len(rows):
            return None
        images = [_image(row) for row in rows]
        return DigestedListing(images, head["layout"], head["left_out"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _image(row: dict[str, Any]) -> Digested:
    state = row.pop("state")
    return Digested(ImageFile.from_json(row), FileState(*state) if state else None)

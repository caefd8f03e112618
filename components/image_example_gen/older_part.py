"""The part of a span that stays in when the span is older than the window.

It is written beside the whole span, in an Examples artifact of its own: a training then reads what
it takes, and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from components.image_example_gen.hash_split import point_of
from components.image_example_gen.image_file import ImageFile

# With another salt than the splits have, the part is a sample of each of them.
_SALT = "older"


@dataclass(frozen=True)
class OlderPart:
    """A subsample by hash: always the same images, and a group as a whole or not at all.

    Attributes:
        fraction: the share of the images that stay, in every split alike.
        folders: the folder of each split; images of other splits do not stay.
    """

    fraction: float
    folders: Mapping[str, str]

    def has(self, file: ImageFile, split: str) -> bool:
        """Whether an image, whose digest is known, belongs to it."""
        return split in self.folders and point_of(file.digest, file.group, _SALT) < self.fraction

"""How much data a training will have, as far as that is known before it is ingested."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from components.image_example_gen import split_assignment
from components.image_example_gen.image_file import ImageFile
from modules import features


class DataSize(NamedTuple):
    """What an automatic schedule depends on.

    Attributes:
        images: how many training images there are.
        classes: how many classes there are.
    """

    images: int
    classes: int


def data_size(files: Sequence[ImageFile], shares: Mapping[str, float]) -> DataSize:
    """The size that the data has if all of its files turn out to be usable.

    Args:
        files: as listed.
        shares: of what no name gives a split, by split.
    """
    usable = [file for file in files if not file.problem and file.split != features.EARLIER]
    opened, shares = split_assignment.opened(usable, shares)
    images = round(sum(file.split is None for file in opened) * shares[features.TRAIN])
    return DataSize(images, len({file.label for file in opened}))

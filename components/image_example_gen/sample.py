"""Takes some images as a run would take them, without writing them anywhere."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.image_example_gen.check import BadImageError, examine
from components.image_example_gen.files import ImageFile, read_file
from components.image_example_gen.split import split_of
from modules import features


@dataclass(frozen=True)
class Sample:
    """Files that can be used, in a random order that spreads the classes evenly.

    Attributes:
        train: of the train split.
        validation: of the validation split.
        bad: how many files were met that cannot be used.
    """

    train: tuple[ImageFile, ...]
    validation: tuple[ImageFile, ...]
    bad: int


def take(files: Sequence[ImageFile], shares: Mapping[str, float], count: int, seed: int) -> Sample:
    """Reads files until there are enough, and tells their splits by ExampleGen's rule.

    Args:
        files: to choose from.
        shares: each split's share, by the names of ``modules.features``.
        count: how many training images are enough. With them come the validation images that were
            met on the way, at least one where there is any.
        seed: of the order.

    Returns:
        At most ``count`` training images; fewer, or none, where there are no more.
    """
    found: dict[str, list[ImageFile]] = {name: [] for name in shares}
    train, validation = found[features.TRAIN], found[features.VALIDATION]
    bad = 0
    for file in spread(files, seed):
        if len(train) >= count and validation:
            break
        try:
            content = read_file(file)
            examine(content)
        except (BadImageError, OSError):
            bad += 1
            continue
        found[split_of(content, shares)].append(file)
    return Sample(tuple(train[:count]), tuple(validation), bad)


def spread(files: Sequence[ImageFile], seed: int) -> list[ImageFile]:
    """All files in a random order of which every beginning holds the classes in their shares.

    The first of each class come first, so that a beginning misses a class only where it is shorter
    than the list of classes.
    """
    shuffled = sorted(files, key=lambda file: file.name)
    random.Random(seed).shuffle(shuffled)
    total, before = Counter(file.label for file in files), Counter[str]()
    places = []
    for file in shuffled:
        places.append(before[file.label] / total[file.label])
        before[file.label] += 1
    return [shuffled[i] for i in sorted(range(len(places)), key=lambda i: places[i])]

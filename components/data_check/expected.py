"""What names alone tell of the splits, before any image is read."""

from collections import Counter
from collections.abc import Mapping, Sequence

from components.data_check import problems
from components.image_example_gen.entry import ImageFile
from modules import features
from modules.text import quoted


def check(files: Sequence[ImageFile], shares: Mapping[str, float], min_examples: int) -> None:
    """Refuses splits that will be too small, or classes that training will not see.

    What the names leave open, the content decides, and DataCheck counts it: only what cannot
    become right is refused here.

    Args:
        files: all that were listed.
        shares: of what no name gives a split, by split.
        min_examples: how many test images there must be.

    Raises:
        InputError: with the counts.
    """
    usable = [file for file in files if not file.problem and file.split != features.EARLIER]
    problems.refuse(
        [*_unseen(usable), *_few_test_images(usable, shares, min_examples)],
    )


def _unseen(files: Sequence[ImageFile]) -> list[str]:
    """A line where classes have images in held-out splits alone."""
    held_out = {features.VALIDATION, features.TEST}
    learned = {file.label for file in files if file.split not in held_out}
    unseen = sorted({file.label for file in files} - learned)
    if not unseen:
        return []
    return [f"{features.TRAIN}: no image of class {quoted(unseen, 3)}"]


def _few_test_images(
    files: Sequence[ImageFile], shares: Mapping[str, float], min_examples: int
) -> list[str]:
    by_split = Counter(file.split for file in files)
    if by_split[features.TEST]:
        return problems.few_test_images(by_split[features.TEST], min_examples)
    open_ones = by_split[None] + by_split[features.TRAIN]
    if open_ones >= min_examples:
        return []
    share = shares.get(features.TEST, 0.0)
    return [
        f"{features.TEST}: of {open_ones:,} images a share of {share:g} is tested, and "
        f"evaluation.min_examples asks for {min_examples}"
    ]

"""Checks the splits as far as names determine them, before any image is read."""

import math
from collections.abc import Mapping, Sequence

from components.data_check import problems
from components.image_example_gen import split_assignment
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.labels import plain
from modules import features
from modules.text import counted, quoted

# So far above its mean a binomial number does not come: fewer than once in a million times.
_DEVIATIONS = 7.0


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
    """Returns a line for classes that have images only in held-out splits."""
    held_out = {features.VALIDATION, features.TEST}
    learned = {file.label for file in files if file.split not in held_out}
    unseen = sorted({file.label for file in files} - learned)
    if not unseen:
        return []
    alike = {plain(label): label for label in learned}
    hint = next((alike[same] for label in unseen if (same := plain(label)) in alike), None)
    more = f", but of {hint!r}, which differs in case, spaces or form alone" if hint else ""
    return [f"{features.TRAIN}: no image of class {quoted(unseen, 3)}{more}"]


def _few_test_images(
    files: Sequence[ImageFile], shares: Mapping[str, float], min_examples: int
) -> list[str]:
    named = sum(file.split == features.TEST for file in files)
    if named:
        return problems.few_test_images(named, min_examples)
    opened, shares = split_assignment.opened(files, shares)
    count, share = sum(file.split is None for file in opened), shares[features.TEST]
    # Each image falls there by its hash: their number is binomial, but where groups fall together.
    most = count * share + _DEVIATIONS * math.sqrt(count * share * (1 - share))
    if any(file.group for file in files):
        most = count
    if min(most, count) >= min_examples:
        return []
    return [
        f"{features.TEST}: about {count * share:.0f} of {counted(count, 'image')} would be in this "
        f"split, and evaluation.min_examples asks for {min_examples}"
    ]

"""Checks the splits as far as names determine them, before any image is read."""

import math
from collections.abc import Mapping, Sequence

from components.data_check import problems
from components.image_example_gen import split_assignment
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.labels import plain
from components.records.split_book import SplitBook
from modules import features
from modules.text import counted, quoted

# So far above its mean a binomial number does not come: fewer than once in a million times.
_DEVIATIONS = 7.0


def check(
    files: Sequence[ImageFile],
    shares: Mapping[str, float],
    min_examples: int,
    book: SplitBook | None = None,
) -> None:
    """Refuses splits that will be too small, or classes that training will not see.

    What the names leave open, the content decides, and DataCheck counts it: only what cannot
    become right is refused here.

    Args:
        files: all that were listed.
        shares: of what no name gives a split, by split.
        min_examples: how many test images there must be.
        book: the splits of earlier spans, which hold for images and groups that these brought,
            whatever the names say; None for data without spans.

    Raises:
        InputError: with the counts.
    """
    usable = [file for file in files if not file.problem and file.split != features.EARLIER]
    known = book or SplitBook()
    problems.refuse(
        [*_unseen(usable, known), *_few_test_images(usable, shares, min_examples, known)],
    )


def _unseen(files: Sequence[ImageFile], book: SplitBook) -> list[str]:
    """Returns a line for classes that have images only in held-out splits."""
    held_out = {features.VALIDATION, features.TEST}
    learned = {file.label for file in files if file.split not in held_out}
    # Their images may be among those that an earlier span has in training.
    learned |= book.learned() & {file.label for file in files}
    learned |= {file.label for file in files if book.groups.get(file.group) == features.TRAIN}
    unseen = sorted({file.label for file in files} - learned)
    if not unseen:
        return []
    alike = {plain(label): label for label in learned}
    hint = next((alike[same] for label in unseen if (same := plain(label)) in alike), None)
    more = f", but of {hint!r}, which differs in case, spaces or form alone" if hint else ""
    return [f"{features.TRAIN}: no image of class {quoted(unseen, 3)}{more}"]


def _few_test_images(
    files: Sequence[ImageFile], shares: Mapping[str, float], min_examples: int, book: SplitBook
) -> list[str]:
    named = sum(file.split == features.TEST for file in files)
    # As many images, at most, may be in the test split because an earlier span has them there.
    kept = sum(split == features.TEST for split in book.splits.values())
    kept += sum(book.groups.get(file.group) == features.TEST for file in files)
    if named:
        enough = min(named + kept, len(files)) >= min_examples
        return [] if enough else problems.few_test_images(named, min_examples)
    opened, shares = split_assignment.opened(files, shares)
    count, share = sum(file.split is None for file in opened), shares[features.TEST]
    # Each image falls there by its hash: their number is binomial, but where groups fall together.
    most = count * share + _DEVIATIONS * math.sqrt(count * share * (1 - share))
    if any(file.group for file in files):
        most = count
    if min(min(most, count) + kept, len(files)) >= min_examples:
        return []
    return [
        f"{features.TEST}: about {count * share:.0f} of {counted(count, 'image')} would be in this "
        f"split, and evaluation.min_examples asks for {min_examples}"
    ]

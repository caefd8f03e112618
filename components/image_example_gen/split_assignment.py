"""Assigns images to splits, as far as that is possible before their content is read.

Splits that the data names are kept; other images are split by hash. Neither a group nor the same
bytes may be in two splits.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from components.image_example_gen.hash_split import point_of, split_at
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.io import digests, ends
from components.records.split_book import Entry
from modules import features
from modules.errors import InputError

# Of more images than this, 0.2 ** 10 of all classes have none in a split of 0.8.
_SMALL_CLASS = 10
# An image that is in two splits is kept in the first of these.
KEPT_IN = (features.TEST, features.VALIDATION, features.TRAIN)


@dataclass(frozen=True)
class SplitAssignment:
    """What is to be written where.

    Attributes:
        files: all of them, in their order; where ``split`` is None, the content decides.
        shares: of those, by split, adding up to 1.
        duplicates: how many have the bytes of one before them.
        kept: how many are in the split of an earlier span, and would be in another without it.
        changed: of the files, those that have another split than without earlier spans, or that
            are left out because of these.
        entries: of a span, for the split book.
        golden: images that are in no split, for they are in the golden set too.
        contradicted: the digests of a span's images that have two labels, in it or in other spans.
    """

    files: list[ImageFile]
    shares: dict[str, float]
    duplicates: int
    kept: int = 0
    changed: Sequence[ImageFile] = ()
    entries: Sequence[Entry] = ()
    golden: Sequence[ImageFile] = ()
    contradicted: Sequence[str] = ()

    def fingerprint(self, listed: str) -> str:
        """The fingerprint of the data with its splits; hexadecimal.

        Args:
            listed: of the listing. It is the result where neither earlier spans nor the golden set
                change anything.
        """
        if not self.changed and not self.golden:
            return listed
        total = hashlib.sha256(listed.encode())
        for file in self.golden:
            total.update(repr(("golden", file.name, file.digest)).encode(errors="replace"))
        for file in self.changed:
            # An image that is left out may be so for another reason when it is split once more.
            known = (file.name, file.digest, "" if file.problem else file.split)
            total.update(repr(known).encode(errors="replace"))
        return total.hexdigest()


def assign_splits(
    files: Sequence[ImageFile], shares: Mapping[str, float], learned: Collection[str] = ()
) -> SplitAssignment:
    """Assigns each image to a split, or leaves that to its content, and refuses what is in two.

    Args:
        files: as listed. Of those of equal size and end the content is read.
        shares: each split's share, by the names of ``modules.features``.
        learned: classes that have training images elsewhere, and so need none here.

    Raises:
        InputError: when a group is in two of the splits that the data names.
    """
    files, shares = opened(files, shares)
    _check_groups(files)
    known = _digests_of_equals(files)
    files = _with_small_classes(files, shares, known, learned)
    copies = _copies(files, known)
    problems = _problems(copies, files, shares, known)
    return SplitAssignment(
        [
            replace(file, problem=problems[i]) if i in problems else file
            for i, file in enumerate(files)
        ],
        shares,
        sum(len(places) - 1 for places in copies),
    )


def opened(
    files: Sequence[ImageFile], shares: Mapping[str, float]
) -> tuple[list[ImageFile], dict[str, float]]:
    """Leaves the split of training images open where some splits have no image of their own.

    Returns:
        The files, where ``split`` is None for those, and the shares of them.
    """
    held_out = {file.split for file in files} & {features.VALIDATION, features.TEST}
    left = {name: share for name, share in shares.items() if name not in held_out}
    opened = [replace(file, split=None) if file.split == features.TRAIN else file for file in files]
    return opened, {name: share / sum(left.values()) for name, share in left.items()}


def _check_groups(files: Sequence[ImageFile]) -> None:
    splits_of: dict[str, set[str | None]] = defaultdict(set)
    for file in files:
        if file.group and file.split != features.EARLIER:
            splits_of[file.group].add(file.split)
    for group, splits in splits_of.items():
        if len(splits) > 1:
            names = " and ".join(sorted(split or features.TRAIN for split in splits))
            raise InputError(
                f"data.path: the group {group!r} is in {names}; give all of its images one "
                "split, or none"
            )


def _digests_of_equals(files: Sequence[ImageFile]) -> dict[int, str]:
    """sha256 by position, of files that may be copies: the same size and the same last bytes.

    All files of small classes are read; where all digests are known, none is.
    """
    usable = [i for i, file in enumerate(files) if not file.problem]
    sizes = Counter(files[i].size for i in usable)
    labels = Counter(file.label for file in files)
    are_digested = all(files[i].digest for i in usable)
    alike = [i for i in usable if sizes[files[i].size] > 1 and not are_digested]
    last_bytes = zip(alike, ends([files[i] for i in alike]), strict=True)
    keys = {i: (files[i].size, hash(end)) for i, end in last_bytes}
    equal = Counter(keys.values())
    places = [
        i
        for i in usable
        if files[i].digest
        or (i in keys and equal[keys[i]] > 1)
        or labels[files[i].label] <= _SMALL_CLASS
    ]
    digested = zip(places, digests([files[i] for i in places]), strict=True)
    # What cannot be read is no copy of anything.
    return {i: digest for i, digest in digested if ":" not in digest}


def _with_small_classes(
    files: Sequence[ImageFile],
    shares: Mapping[str, float],
    known: Mapping[int, str],
    learned: Collection[str],
) -> list[ImageFile]:
    """Makes sure that a small class has an image to learn from, here or elsewhere.

    If none would be in train, the one whose point is lowest goes there. As the class grows, that
    image may return to the split of its content, but no image moves from a held-out split to train.
    """
    result = list(files)
    classes: dict[str, list[int]] = defaultdict(list)
    groups: dict[str, list[int]] = defaultdict(list)
    for i, file in enumerate(files):
        if file.split is None and not file.problem:
            classes[file.label].append(i)
        if file.group and file.split != features.EARLIER:
            groups[file.group].append(i)
    for label, places in classes.items():
        points = {i: point_of(known[i], files[i].group) for i in places if i in known}
        if len(places) > _SMALL_CLASS or not points or label in learned:
            continue
        if all(split_at(point, shares) != features.TRAIN for point in points.values()):
            first = min(points, key=lambda i: points[i])
            # Its group and its copies must not be in another split, so they go with it.
            copies = [i for i in points if known[i] == known[first]]
            for i in {*copies, *(j for k in copies for j in groups.get(files[k].group, ()))}:
                result[i] = replace(files[i], split=features.TRAIN)
    return result


def _copies(files: Sequence[ImageFile], known: Mapping[int, str]) -> list[list[int]]:
    """The positions of files with the same bytes, two or more; earlier images are apart."""
    places: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for i, digest in known.items():
        places[files[i].split == features.EARLIER, digest].append(i)
    return [copies for copies in places.values() if len(copies) > 1]


def _problems(
    copies: Sequence[Sequence[int]],
    files: Sequence[ImageFile],
    shares: Mapping[str, float],
    known: Mapping[int, str],
) -> dict[int, str]:
    """Why images cannot be used whose bytes are elsewhere too, by position."""
    problems: dict[int, str] = {}
    for places in copies:
        labels = {files[i].label: i for i in reversed(places)}
        splits_of = {
            i: files[i].split or split_at(point_of(known[i], files[i].group), shares)
            for i in places
        }
        if len(labels) > 1:
            for i in places:
                other = next(files[j] for label, j in labels.items() if label != files[i].label)
                problems[i] = f"two labels: the same bytes as {other.name}, of {other.label!r}"
        elif len(set(splits_of.values())) > 1:
            kept = next(split for split in KEPT_IN if split in splits_of.values())
            first = next(i for i in places if splits_of[i] == kept)
            for i in places:
                if splits_of[i] != kept:
                    problems[i] = f"in two splits: the same bytes as {files[first].name}, in {kept}"
    return problems

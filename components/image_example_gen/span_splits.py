"""Keeps the images of a span in the splits that earlier spans gave them.

A span is split as if it were alone, as ``split_assignment`` does, with the shares of the config and
the names that it brings. Then the split book corrects that: an image, and a group, stays where the
book has it. So a span's splits depend on the spans that were entered before it, and never on those
with which it is read together later.

Splitting a span once more, when it has been entered itself, gives the same splits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from components.image_example_gen import golden_set
from components.image_example_gen.hash_split import point_of, split_at
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.split_assignment import (
    KEPT_IN,
    SplitAssignment,
    assign_splits,
)
from components.records.split_book import Entry, SplitBook
from modules import features


def assign(
    files: Sequence[ImageFile],
    shares: Mapping[str, float],
    span: int | None,
    book: SplitBook,
    golden: golden_set.Names | None = None,
    *,
    is_joined: bool = False,
) -> SplitAssignment:
    """Assigns each image to a split.

    Args:
        files: all of them; those of a span, and all where there is a golden set, have their
            digests, or a problem.
        shares: each split's share, by the names of ``modules.features``.
        span: its number; None for data without spans, in which the book decides nothing.
        book: of the spans before it.
        golden: the images that no model is trained on, which go to no split.
        is_joined: whether the span is trained on together with others. A class that has a training
            image in any span of the book then needs none in this one.

    Raises:
        InputError: as ``assign_splits``; or when all images are golden.
    """
    files, taken_out = golden_set.parted(files, golden or {})
    alone = replace(assign_splits(files, shares), golden=taken_out)
    if span is None:
        return alone
    learned = book.learned(span) if is_joined else set()
    places = _Places(assign_splits(files, shares, learned) if learned else alone, book)
    places.leave_out_other_labels(span)
    places.keep_splits()
    places.keep_classes_in_training(learned)
    places.leave_out_copies_in_two_splits()
    result = places.files()
    changed = [after for before, after in zip(alone.files, result, strict=True) if before != after]
    return replace(
        alone,
        files=result,
        kept=sum(map(places.is_kept, changed)),
        changed=changed,
        entries=places.entries(files),
        contradicted=places.contradicted(span, files),
    )


class _Places:
    """Where each image of a span goes.

    Args:
        alone: the span's own splits.
        book: of the spans before it.
    """

    def __init__(self, alone: SplitAssignment, book: SplitBook) -> None:
        self._files, self._shares, self._book = alone.files, alone.shares, book
        self._problems: dict[int, str] = {}
        self._alone = {
            i: _split_of(file, alone.shares)
            for i, file in enumerate(alone.files)
            if file.digest and not file.problem and file.split != features.EARLIER
        }
        self._splits = dict(self._alone)
        self._fixed_groups = self._splits_of_groups()
        self._groups = dict(self._fixed_groups)

    def _splits_of_groups(self) -> dict[str, str]:
        """The splits of groups of which the book has the name or an image."""
        of_images: dict[str, set[str]] = defaultdict(set)
        for i in self._alone:
            file = self._files[i]
            if file.group and file.digest in self._book.splits:
                of_images[file.group].add(self._book.splits[file.digest])
        groups = {group: _first(splits) for group, splits in of_images.items()}
        return {**groups, **self._book.groups}

    def _usable(self) -> list[int]:
        return [i for i in self._splits if i not in self._problems]

    def leave_out_other_labels(self, span: int) -> None:
        """Leaves out images that another span holds under another label."""
        for i in self._usable():
            file = self._files[i]
            for other in self._book.sightings.get(file.digest, ()):
                if other.span != span and other.label != file.label:
                    self._problems[i] = (
                        f"two labels: the same bytes as {other.name} of span {other.span}, of "
                        f"{other.label!r}"
                    )
                    break

    def keep_splits(self) -> None:
        """Puts images and groups where the book has them.

        An image that the book has in another split than its group is left out.
        """
        for i in self._usable():
            file = self._files[i]
            own, of_group = self._book.splits.get(file.digest), self._groups.get(file.group)
            if own and of_group and own != of_group:
                self._problems[i] = (
                    f"in two splits: an earlier span has it in {own}, and its group in {of_group}"
                )
            self._splits[i] = own or of_group or self._alone[i]

    def keep_classes_in_training(self, elsewhere: set[str]) -> None:
        """Moves a new image to training for each class that the book would leave without any.

        Classes that have training images ``elsewhere`` need none here.

        It is the one whose point is lowest; its copies and its group go with it. An image for which
        the span itself names a held-out split stays there.
        """
        usable = self._usable()
        learned = {self._files[i].label for i in usable if self._splits[i] == features.TRAIN}
        copies: dict[str, list[int]] = defaultdict(list)
        groups: dict[str, list[int]] = defaultdict(list)
        for i in usable:
            copies[self._files[i].digest].append(i)
            groups[self._files[i].group].append(i)
        lost = {self._files[i].label for i, split in self._alone.items() if split == features.TRAIN}
        lost -= learned | elsewhere
        for i in sorted((i for i in usable if self._files[i].label in lost), key=self._point):
            same = copies[self._files[i].digest]
            if self._files[i].label in lost and all(map(self._is_movable, same)):
                names = {self._files[j].group for j in same} - {""}
                together = {*same, *(j for name in names for j in groups[name])}
                self._splits |= dict.fromkeys(together, features.TRAIN)
                self._groups |= dict.fromkeys(names, features.TRAIN)
                lost -= {self._files[j].label for j in together}

    def leave_out_copies_in_two_splits(self) -> None:
        """Leaves out copies that the book has brought to another split by their group.

        Those without a group stay; else those in a held-out split do.
        """
        copies: dict[str, list[int]] = defaultdict(list)
        for i in self._usable():
            copies[self._files[i].digest].append(i)
        for same in copies.values():
            alone = [i for i in same if not self._files[i].group]
            kept = _first(self._splits[i] for i in alone or same)
            for i in same:
                if self._splits[i] != kept:
                    self._problems[i] = (
                        f"in two splits: the same bytes are in {kept}, and its group in "
                        f"{self._splits[i]}"
                    )

    def _is_new(self, file: ImageFile) -> bool:
        return file.digest not in self._book.splits and file.group not in self._fixed_groups

    def _is_movable(self, i: int) -> bool:
        return self._files[i].split is None and self._is_new(self._files[i])

    def _point(self, i: int) -> float:
        return point_of(self._files[i].digest, self._files[i].group)

    def is_kept(self, file: ImageFile) -> bool:
        """Whether an image is used, and where it is because the book says so."""
        return not file.problem and not self._is_new(file)

    def entries(self, listed: Sequence[ImageFile]) -> list[Entry]:
        """What the book takes of the span: what can be used, or could without another copy of it.

        Args:
            listed: the images as they were before the span was split.
        """
        return [
            Entry(
                digest=file.digest,
                label=file.label,
                name=file.name,
                split=self._splits[i] if i in self._splits and i not in self._problems else "",
                group=file.group,
                group_split=self._split_of_group(file) if file.group else "",
            )
            for i, (before, file) in enumerate(zip(listed, self._files, strict=True))
            if file.digest and not before.problem and file.split != features.EARLIER
        ]

    def contradicted(self, span: int, listed: Sequence[ImageFile]) -> list[str]:
        """The digests of bytes that are in the span, and have two labels there or in all spans.

        Args:
            span: its number.
            listed: the images as they were before the span was split.
        """
        labels: dict[str, set[str]] = defaultdict(set)
        for file in listed:
            if file.digest and not file.problem and file.split != features.EARLIER:
                others = self._book.sightings.get(file.digest, ())
                labels[file.digest] |= {file.label, *(o.label for o in others if o.span != span)}
        return sorted(digest for digest, names in labels.items() if len(names) > 1)

    def _split_of_group(self, file: ImageFile) -> str:
        return self._groups.get(file.group) or _split_of(file, self._shares)

    def files(self) -> list[ImageFile]:
        """All images; those that stay where the span alone would have them are as they were."""
        result = list(self._files)
        for i, problem in self._problems.items():
            result[i] = replace(result[i], problem=problem)
        for i in self._usable():
            if self._splits[i] != self._alone[i]:
                result[i] = replace(result[i], split=self._splits[i])
        return result


def _split_of(file: ImageFile, shares: Mapping[str, float]) -> str:
    return file.split or split_at(point_of(file.digest, file.group), shares)


def _first(splits: Iterable[str]) -> str:
    """The one that keeps what is in several."""
    return min(splits, key=KEPT_IN.index)

"""Nothing stands on two sides: groups, copies, and classes of few images."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.image_example_gen import split_assignment
from components.image_example_gen.hash_split import point_of, split_at
from components.image_example_gen.image_file import ImageFile
from modules.errors import InputError
from tests.components.conftest import SHARES


def image(name: str, label: str = "a", content: str = "", **more: str | None) -> ImageFile:
    """One whose content is known."""
    digest = hashlib.sha256((content or name).encode()).hexdigest()
    size = int(digest[:4], 16)
    return ImageFile(name, name, label, size, digest=digest, **more)  # type: ignore[arg-type]


def side(file: ImageFile, decided: split_assignment.SplitAssignment) -> str:
    return file.split or split_at(point_of(file.digest, file.group), decided.shares)


def test_a_group_has_one_side_and_the_splits_their_shares() -> None:
    files = [image(f"{n}", "ab"[n % 2], group=f"person {n // 10}") for n in range(4000)]
    decided = split_assignment.assign_splits(files, SHARES)
    result: dict[str, set[str]] = {}
    for file in decided.files:
        result.setdefault(file.group, set()).add(side(file, decided))
    assert all(len(splits) == 1 for splits in result.values())
    counts = Counter(side(file, decided) for file in decided.files)
    assert counts["train"] / 4000 == pytest.approx(0.8, abs=0.06)


def test_a_group_that_the_data_puts_on_two_sides_is_refused() -> None:
    files = [image("1", split="train", group="eve"), image("2", "b", split="test", group="eve")]
    with pytest.raises(InputError, match=r"the group 'eve' is in test and train; give all"):
        split_assignment.assign_splits(files, SHARES)


def test_copies_with_two_labels_are_both_left_out() -> None:
    files = [image("1", "a", "same"), image("2", "b", "same"), image("3", "b")]
    decided = split_assignment.assign_splits(files, SHARES)
    assert [file.problem for file in decided.files] == [
        "two labels: the same bytes as 2, of 'b'",
        "two labels: the same bytes as 1, of 'a'",
        "",
    ]
    assert decided.duplicates == 1


def test_copies_in_two_splits_stay_in_the_one_held_out() -> None:
    files = [
        image("1", content="same", split="train"),
        image("2", content="same", split="test"),
        image("3", content="same", split="validation"),
        image("4", content="same", split="test"),
    ]
    decided = split_assignment.assign_splits(files, SHARES)
    assert [bool(file.problem) for file in decided.files] == [True, False, True, False]
    assert decided.files[0].problem == "in two splits: the same bytes as 2, in test"


def test_copies_of_one_label_are_kept_and_counted() -> None:
    files = [image(f"{n}", content="same") for n in range(3)] + [image("4", "b")]
    decided = split_assignment.assign_splits(files, SHARES)
    assert decided.duplicates == 2
    assert not any(file.problem for file in decided.files)
    assert len({side(file, decided) for file in decided.files[:3]}) == 1


def test_files_that_cannot_be_read_are_no_copies_of_each_other(tmp_path: Path) -> None:
    files = [ImageFile(str(tmp_path / name), name, label, 0) for name, label in ("1a", "2b")]
    decided = split_assignment.assign_splits(files, SHARES)
    assert decided.duplicates == 0
    assert not any(file.problem for file in decided.files)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60),
    st.integers(0, 99),
    st.integers(1, 3),
)
def test_every_class_has_an_image_to_learn_from(labels: list[str], salt: int, times: int) -> None:
    # Some images lie there several times.
    files = [
        image(f"{salt}-{n}", label, f"{salt}-{label}-{n // times}")
        for n, label in enumerate(labels)
    ]
    decided = split_assignment.assign_splits(files, SHARES)
    small = {label for label, count in Counter(labels).items() if count <= 10}
    assert not any(file.problem for file in decided.files)
    learned = {file.label for file in decided.files if side(file, decided) == "train"}
    assert small <= learned


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 12))
def test_as_data_grows_nothing_moves_from_a_held_out_split_to_train(salt: int, count: int) -> None:
    files = [image(f"{salt}-{n}", "a") for n in range(count + 1)]
    before = split_assignment.assign_splits(files[:count], SHARES)
    after = split_assignment.assign_splits(files, SHARES)
    for earlier, later in zip(before.files, after.files, strict=False):
        if side(later, after) == "train":
            assert side(earlier, before) == "train"

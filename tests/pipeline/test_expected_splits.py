"""What names alone tell of the splits."""

from dataclasses import replace

import pytest

from components.image_example_gen.image_file import ImageFile
from components.records.split_book import Entry, SplitBook
from modules.errors import InputError
from pipeline import expected_splits

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def listed(**counts: int) -> list[ImageFile]:
    """So many images of two classes by split, ``left`` for those that no name gives one."""
    return [
        ImageFile("", f"{split}{n}", "ab"[n % 2], 1, None if split == "left" else split)
        for split, count in counts.items()
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (listed(train=80, test=29), "test: 29 images, and evaluation.min_examples asks for 30"),
        (listed(left=80), "test: about 8 of 80 images would be in this split, and .* asks for 30"),
        (listed(train=45, validation=40), "test: about 5 of 45 images would be in this split"),
        (
            [*listed(train=80, test=40), ImageFile("", "x", "Ａ ", 1, "test")],
            "no image of class 'Ａ ', but of 'a', which differs in case, spaces or form alone",
        ),
        (
            [*listed(train=80, test=40), ImageFile("", "x", "z", 1, "test")],
            "train: no image of class 'z'; add or correct images",
        ),
    ],
)
def test_what_names_alone_tell_of_the_splits_is_refused(
    files: list[ImageFile], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        expected_splits.check(files, SHARES, 30)


def test_what_the_content_decides_is_left_to_it() -> None:
    expected_splits.check(listed(left=150), SHARES, 30)
    grouped = [replace(file, group="x") for file in listed(left=30)]
    expected_splits.check(grouped, SHARES, 30)
    expected_splits.check([*listed(train=80, test=30), *listed(earlier=3)], SHARES, 30)
    expected_splits.check(listed(left=8), SHARES, 0)


def book(*entries: tuple[str, str, str]) -> SplitBook:
    """Of an earlier span: the label, the split and the group of each image."""
    return SplitBook().with_span(
        1,
        [
            Entry(str(n), label, f"old{n}", split, group, split if group else "")
            for n, (label, split, group) in enumerate(entries)
        ],
    )


def test_a_class_that_an_earlier_span_has_in_training_may_have_an_image_there() -> None:
    files = [*listed(train=80, test=40), ImageFile("", "x", "z", 1, "test")]
    expected_splits.check(files, SHARES, 30, book(("z", "train", "")))
    with pytest.raises(InputError, match="no image of class 'z'"):
        expected_splits.check(files, SHARES, 30, book(("z", "test", ""), ("y", "train", "")))


def test_a_group_that_an_earlier_span_has_in_training_stays_there() -> None:
    files = [*listed(train=80, test=40), ImageFile("", "x", "z", 1, "test", group="eve")]
    expected_splits.check(files, SHARES, 30, book(("y", "train", "eve")))
    with pytest.raises(InputError, match="no image of class 'z'"):
        expected_splits.check(files, SHARES, 30, book(("y", "train", "bob")))


@pytest.mark.parametrize("files", [listed(train=80, test=29), listed(left=40)])
def test_images_that_an_earlier_span_has_in_test_count_as_far_as_there_may_be_some(
    files: list[ImageFile],
) -> None:
    kept = book(*[("a", "test", "")] * 20)
    expected_splits.check(files, SHARES, 30, kept)
    with pytest.raises(InputError, match=r"evaluation\.min_examples asks for 130"):
        expected_splits.check(files, SHARES, 130, kept)

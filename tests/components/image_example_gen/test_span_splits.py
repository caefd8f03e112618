"""An image stays in the split in which a span first had it."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from components.image_example_gen.hash_split import point_of, split_at
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.span_splits import assign
from components.image_example_gen.split_assignment import SplitAssignment, assign_splits
from components.records.split_book import SplitBook
from tests.components.conftest import SHARES
from tests.components.image_example_gen.test_split_assignment import image

Splits = dict[str, str]


def used(assigned: SplitAssignment) -> list[tuple[ImageFile, str]]:
    """The images that are not left out, each with its split."""
    return [
        (file, file.split or split_at(point_of(file.digest, file.group), assigned.shares))
        for file in assigned.files
        if not file.problem
    ]


def splits_of(assigned: SplitAssignment) -> Splits:
    """By name."""
    return {file.name: split for file, split in used(assigned)}


def in_turn(*spans: Sequence[ImageFile]) -> tuple[list[SplitAssignment], SplitBook]:
    """What becomes of spans 1, 2, … that are entered one after the other."""
    book, results = SplitBook(), []
    for number, files in enumerate(spans, start=1):
        results.append(assign(files, SHARES, number, book))
        book = book.with_span(number, results[-1].entries)
    return results, book


def many(name: str, label: str, split: str | None = None, count: int = 40) -> list[ImageFile]:
    return [image(f"{name}-{n}", label, split=split) for n in range(count)]


def test_a_span_that_brings_only_new_images_is_split_as_if_it_were_alone() -> None:
    spans = [many("first", "a"), many("second", "a")]
    results, _ = in_turn(*spans)
    for files, result in zip(spans, results, strict=True):
        assert result.files == assign_splits(files, SHARES).files
        assert (result.kept, result.fingerprint("as listed")) == (0, "as listed")


def test_an_image_stays_where_it_was_whatever_split_a_later_span_names() -> None:
    first, second = many("x", "a", "train"), many("x", "a", "test")
    (before, after), _ = in_turn([*first, *many("y", "a", "test")], second)
    assert set(splits_of(after).values()) == {"train", "validation"}
    assert splits_of(after) == {name: splits_of(before)[name] for name in splits_of(after)}
    assert after.kept == len(second)
    assert after.fingerprint("as listed") != "as listed"


def test_a_span_that_names_its_test_images_moves_none_of_another() -> None:
    images = [*many("x", "a", count=400), *many("y", "b", count=400)]
    named = [*many("z", "a", "test"), *many("x", "a", "train", count=400)]
    (before, after), _ = in_turn(images, named)
    here = splits_of(after)
    assert all(here[f"x-{n}"] == splits_of(before)[f"x-{n}"] for n in range(400))
    assert all(here[f"z-{n}"] == "test" for n in range(40))


def test_images_with_another_label_than_in_an_earlier_span_are_left_out_with_both_names() -> None:
    (_, after), book = in_turn([image("old.png", "a", "same")], [image("new.png", "b", "same")])
    assert after.files[0].problem == "two labels: the same bytes as old.png of span 1, of 'a'"
    again = assign([image("old.png", "a", "same")], SHARES, 1, book)
    assert again.files[0].problem == "two labels: the same bytes as new.png of span 2, of 'b'"
    assert again.fingerprint("as listed") != "as listed"


def test_a_label_that_is_corrected_in_its_own_span_is_no_second_label() -> None:
    book = in_turn([image("1", "a"), image("2", "b")])[1]
    corrected = assign([image("1", "b"), image("2", "b")], SHARES, 1, book)
    book = book.with_span(1, corrected.entries)
    later = assign([image("1", "b")], SHARES, 2, book)
    assert not any(file.problem for file in [*corrected.files, *later.files])


def test_a_class_whose_training_images_are_kept_elsewhere_gets_a_new_one() -> None:
    held_out = image("x", "a", split="test")
    first = [held_out, *many("y", "b")]
    second = [image("x", "a"), image("new", "a"), image("newer", "a", split="test")]
    (_, after), _ = in_turn(first, second)
    assert splits_of(after) == {"x": "test", "new": "train", "newer": "test"}


def test_a_group_stays_together_where_an_earlier_span_had_it() -> None:
    first = [image("1", group="eve", split="test"), image("2", split="train")]
    second = [
        image("3", group="eve", split="train"),
        image("4", group="bob", split="train"),
        image("1", group="bob", split="train"),
        image("2", group="eve", split="train"),
    ]
    (before, after), _ = in_turn(first, second)
    assert splits_of(before) == {"1": "test", "2": "train"}
    assert splits_of(after) == {"3": "test", "4": "test", "1": "test"}
    assert after.files[3].problem.startswith("in two splits: an earlier span has it in train, and")


files_of_a_span = st.lists(
    st.builds(
        lambda content, label, split, group, copy: image(
            f"{label}/{group}/{content}-{copy}", label, str(content), split=split, group=group
        ),
        st.integers(0, 14),
        st.sampled_from("aab"),
        st.sampled_from([None, None, "train", "validation", "test"]),
        st.just("") | st.sampled_from(["", "eve", "bob"]),
        st.integers(0, 1),
    ),
    max_size=14,
    unique_by=lambda file: file.name,
).map(lambda files: [with_split_of_group(file, files) for file in files])


def with_split_of_group(file: ImageFile, files: Sequence[ImageFile]) -> ImageFile:
    """A group that a span names two splits for is refused: the first holds for all."""
    split = next(other.split for other in files if not file.group or other.group == file.group)
    return ImageFile(**{**vars(file), "split": split if file.group else file.split})


# A span may come a second time, changed or not.
numbered_spans = st.lists(st.tuples(st.integers(1, 4), files_of_a_span), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(numbered_spans, st.sets(st.integers(0, 5)))
def test_in_any_window_of_any_spans_no_image_and_no_group_is_in_two_splits(
    spans: list[tuple[int, list[ImageFile]]], window: set[int]
) -> None:
    book = SplitBook()
    everywhere: dict[str, set[str]] = defaultdict(set)
    within: dict[str, set[str]] = defaultdict(set)
    for place, (number, files) in enumerate(spans):
        assigned = assign(files, SHARES, number, book)
        book = book.with_span(number, assigned.entries)
        for file, split in used(assigned):
            for key in {file.digest, file.group or file.digest}:
                everywhere[key].add(split)
                if place in window:
                    within[key].add(split)
    assert all(len(splits) == 1 for splits in everywhere.values())
    assert all(splits == everywhere[key] for key, splits in within.items())


@settings(max_examples=100, deadline=None)
@given(numbered_spans, st.booleans())
def test_a_span_that_has_been_entered_is_split_alike_once_more(
    spans: list[tuple[int, list[ImageFile]]], is_joined: bool
) -> None:
    book = SplitBook()
    for number, files in spans:
        first = assign(files, SHARES, number, book, is_joined=is_joined)
        book = book.with_span(number, first.entries)
        again = assign(files, SHARES, number, book, is_joined=is_joined)
        assert used(again) == used(first)
        assert again.fingerprint("as listed") == first.fingerprint("as listed")
        assert book.with_span(number, again.entries) == book


@settings(max_examples=50, deadline=None)
@given(numbered_spans)
def test_what_a_span_brings_is_used_or_left_out_and_named_splits_hold_for_new_images(
    spans: list[tuple[int, list[ImageFile]]],
) -> None:
    book = SplitBook()
    for number, files in spans:
        assigned = assign(files, SHARES, number, book)
        alone = assign_splits(files, SHARES)
        assert [file.name for file in assigned.files] == [file.name for file in files]
        for file, split in used(assigned):
            named = next(other.split for other in alone.files if other.name == file.name)
            if named in ("validation", "test") and not (file.digest in book.splits or file.group):
                assert split == named
        book = book.with_span(number, assigned.entries)


def held_out(label: str, count: int) -> list[ImageFile]:
    """New images of a class whose hashes put them all in held-out splits."""
    files = (image(f"{label}-{n}", label) for n in range(1000))
    return [f for f in files if split_at(point_of(f.digest), SHARES) != "train"][:count]


def test_a_small_class_that_another_span_trains_on_is_placed_by_hash_in_a_window() -> None:
    learned = [image("z", "a", split="train"), *many("y", "b")]
    book = in_turn(learned)[1]
    small = held_out("a", 3)
    by_hash = {file.name: split_at(point_of(file.digest), SHARES) for file in small}
    joined = assign(small, SHARES, 2, book, is_joined=True)
    assert splits_of(joined) == by_hash
    assert joined.fingerprint("as listed") != "as listed"
    assert joined.kept == 0
    alone = assign(small, SHARES, 2, book)
    assert sorted(splits_of(alone).values()).count("train") == 1


def test_only_the_first_span_with_a_small_class_must_train_on_an_image_of_it() -> None:
    images = held_out("a", 6)
    book, splits = SplitBook(), list[str]()
    for number, files in enumerate((images[:3], images[3:]), start=1):
        assigned = assign(files, SHARES, number, book, is_joined=True)
        book = book.with_span(number, assigned.entries)
        again = assign(files, SHARES, number, book, is_joined=True)
        assert splits_of(again) == splits_of(assigned)
        assert again.fingerprint("as listed") == assigned.fingerprint("as listed")
        splits += splits_of(assigned).values()
    assert splits.count("train") == 1


def test_bytes_that_have_two_labels_are_no_training_image_of_a_class() -> None:
    first = [image("x", "a", split="train"), *many("y", "b")]
    book = in_turn(first, [image("other", "b", "x"), *many("w", "b")])[1]
    assert book.learned(3) == {"b"}
    assert book.learned(1) == {"b"}
    assert in_turn(first)[1].learned(1) == set()

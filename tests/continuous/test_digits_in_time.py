from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageStat

from data.digits import COUNT
from tests.continuous.digits_in_time import (
    DRIFT_FROM,
    GOLDEN,
    HELD_OUT,
    NEW_CLASS,
    NEW_CLASS_FROM,
    PERMUTED,
    SPANS,
    Digit,
    DigitsInTime,
    digits_in_time,
)
from tests.e2e.thaw import tree


@pytest.fixture(scope="module")
def digits() -> DigitsInTime:
    return digits_in_time(0)


def classes(digits: Iterable[Digit]) -> Counter[str]:
    return Counter(digit.label for digit in digits)


def write(digits: DigitsInTime, folder: Path) -> None:
    digits.write_golden(folder / "golden")
    for span in SPANS:
        digits.write_span(span, folder / "spans")


def test_each_digit_is_in_one_span_or_golden_or_held_out(digits: DigitsInTime) -> None:
    parts = [*digits.spans.values(), digits.golden, digits.held_out]
    assert sorted(digit.number for part in parts for digit in part) == list(range(COUNT))
    assert set(classes(digits.held_out).values()) == {HELD_OUT}
    assert set(classes(digits.golden).values()) == {GOLDEN}
    assert NEW_CLASS not in classes(digits.golden)


def test_no_two_files_hold_the_same_bytes(digits: DigitsInTime, tmp_path: Path) -> None:
    write(digits, tmp_path)
    digits.write_held_out(SPANS[-1], tmp_path / "held_out")
    files = tree(tmp_path)
    assert len(files) == len(set(files.values())) == COUNT


def test_the_new_class_comes_with_its_span_and_not_before(digits: DigitsInTime) -> None:
    for span, part in digits.spans.items():
        count = classes(part)
        assert (count[NEW_CLASS] >= 20) == (span >= NEW_CLASS_FROM)
        assert min(count.values()) > 10  # A class of ten or fewer is split otherwise.


def test_only_the_labels_of_one_span_are_wrong_and_all_of_them_are(
    digits: DigitsInTime, tmp_path: Path
) -> None:
    write(digits, tmp_path)
    for span, part in digits.spans.items():
        labels = {digit.number: digit.label for digit in part}
        folder = tmp_path / "spans" / f"span-{span}"
        wrong = [labels[int(path.stem)] != path.parent.name for path in folder.glob("*/*.png")]
        assert len(wrong) == len(part)
        assert set(wrong) == {span == PERMUTED}
    assert sorted(digits.labels) == sorted(digits.labels.values())


def test_digits_drift_from_their_span_on_and_more_with_each_span(
    digits: DigitsInTime, tmp_path: Path
) -> None:
    def contrast(span: int) -> float:
        images = (digit.image(span) for digit in digits.held_out)
        return float(np.mean([ImageStat.Stat(image).stddev[0] for image in images]))

    for digit in digits.held_out:
        np.testing.assert_array_equal(np.asarray(digit.image(DRIFT_FROM - 1)), digit.levels)
    values = [contrast(span) for span in SPANS if span >= DRIFT_FROM - 1]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.85 * values[0]
    digits.write_held_out(DRIFT_FROM, tmp_path)
    path = next(tmp_path.glob("0/*.png"))
    assert Image.open(path).size == (8, 8)
    assert Image.open(path).mode == "L"


def test_the_same_seed_writes_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        write(digits_in_time(seed), tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "again")
    assert tree(tmp_path / "one") != tree(tmp_path / "other")

"""Some images as a run would take them: their splits, their classes' shares, what is left out."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from components.image_example_gen import records, sample
from components.image_example_gen.hash_split import split_of
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources.folder import list_folder
from modules.settings import Ingest, Splits
from tests.conftest import encoded

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
OPTIONS = Ingest(path="here", splits=Splits(**SHARES))
NOWHERE = Path("unused")  # Every image here has a file of its own.


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> list[ImageFile]:
    """60 images of class a, 20 of class b, and two files that are none."""
    root = tmp_path_factory.mktemp("images")
    pixels = np.random.default_rng(0).integers(0, 255, (80, 8, 8, 3), dtype=np.uint8)
    for label in "ab":
        (root / label).mkdir()
    for i, image in enumerate(pixels):
        (root / "aaab"[i % 4] / f"{i:03}.png").write_bytes(encoded(image))
    (root / "a" / "empty.png").write_bytes(b"")
    (root / "b" / "text.png").write_bytes(b"no image")
    return list_folder(str(root)).files


def test_all_images_are_taken_into_the_splits_of_a_run_and_bad_files_are_counted(
    listed: list[ImageFile], tmp_path: Path
) -> None:
    taken_sample = sample.take(listed, OPTIONS, 1000, 0, NOWHERE)
    folders = {name: str(tmp_path / name) for name in SHARES}
    written = records.write_chunk(listed, folders, SHARES, OPTIONS, 0).counts
    for split, taken in (("train", taken_sample.train), ("validation", taken_sample.validation)):
        labels = Counter(file.label for file in taken)
        assert labels == {label: written[split, label] for label in "ab"}
        assert {split_of(Path(file.path).read_bytes(), SHARES) for file in taken} == {split}
    assert taken_sample.bad == 2


def test_no_more_are_read_than_are_needed(listed: list[ImageFile]) -> None:
    taken = sample.take(listed, OPTIONS, 8, 0, NOWHERE)
    assert len(taken.train) == 8
    assert 1 <= len(taken.validation) < 12


def test_one_validation_image_is_looked_for_however_few_are_needed(
    listed: list[ImageFile],
) -> None:
    for seed in range(5):
        taken = sample.take(listed, OPTIONS, 1, seed, NOWHERE)
        assert len(taken.train) == 1
        assert taken.validation


def test_another_seed_takes_others(listed: list[ImageFile]) -> None:
    first, same, other = (sample.take(listed, OPTIONS, 8, seed, NOWHERE) for seed in (0, 0, 1))
    assert first == same
    assert first.train != other.train


def test_every_beginning_holds_the_classes_in_their_shares() -> None:
    listed = [ImageFile("", f"{n}", "abbbccccccc"[n % 11], 1) for n in range(220)]
    order = [file.label for file in sample.spread(listed, seed=3)]
    assert sorted(order) == sorted(file.label for file in listed)
    assert set(order[:3]) == set("abc")
    for taken in (22, 55, 110):
        counts = Counter(order[:taken])
        for label, share in (("a", 1 / 11), ("b", 3 / 11), ("c", 7 / 11)):
            assert abs(counts[label] - share * taken) <= 2


def test_golden_images_are_passed_over(listed: list[ImageFile]) -> None:
    golden = {
        hashlib.sha256(Path(file.path).read_bytes()).hexdigest()
        for file in listed
        if file.label == "b"
    }
    taken = sample.take(listed, OPTIONS, 1000, 0, NOWHERE, golden)
    assert {file.label for file in (*taken.train, *taken.validation)} == {"a"}

"""Folders for splits above the classes."""

from collections import Counter
from pathlib import Path

import pytest

from components.image_example_gen import split_assignment
from components.image_example_gen.sources import list_all
from components.image_example_gen.sources.built_in import guess
from tests.components.conftest import SHARES, asked


def fill(root: Path, names: list[str], pictures: list[bytes]) -> Path:
    for name, content in zip(names, pictures, strict=False):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_folders_named_as_splits_are_splits(tmp_path: Path, pictures: list[bytes]) -> None:
    names = [
        f"{split}/{label}/{n}.png"
        for split in ("Train", "val", "test")
        for label in "ab"
        for n in range(3)
    ]
    files = list_all(asked(fill(tmp_path, names, pictures)))
    assert Counter((file.split, file.label) for file in files) == {
        (split, label): 3 for split in ("train", "validation", "test") for label in "ab"
    }
    assert files[0].name.endswith("Train/a/0.png")


def test_what_no_folder_names_is_taken_from_train(tmp_path: Path, pictures: list[bytes]) -> None:
    names = [f"train/{'ab'[n % 2]}/{n}.png" for n in range(50)]
    names += [f"test/{label}/{n}.png" for label in "ab" for n in range(5)]
    options = asked(fill(tmp_path, names, pictures))
    decided = split_assignment.assign_splits(list_all(options), SHARES)
    assert decided.shares == pytest.approx({"train": 8 / 9, "validation": 1 / 9})
    assert Counter(file.split for file in decided.files) == {None: 50, "test": 10}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("x.csv", "csv"),
        ("x.TSV", "csv"),
        ("x-*.tfrecord.gz", "tfrecord"),
        ("x", "folder"),
        ("gs://bucket/photos/", "folder"),
        ("gs://bucket/x.tfrecord-00000-of-00002", "tfrecord"),
    ],
)
def test_the_format_is_guessed_by_the_name(name: str, form: str) -> None:
    assert guess(name) == form


def test_a_folder_that_holds_shards_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    assert guess(str(tmp_path)) == "folder"
    (tmp_path / "train" / "x.tfrecord-00000-of-00001").touch()
    assert guess(str(tmp_path)) == "tfrecord"

"""Whether folders are splits or classes, and folders of which it cannot be told."""

from collections import Counter
from pathlib import Path

import pytest

from components.image_example_gen.sources import list_all, list_data
from components.image_example_gen.split_names import split_decorated, split_nearly
from modules.errors import InputError
from tests.components.conftest import asked
from tests.components.elsewhere import address

SPLITS = ("train", "valid", "test")


def made(root: Path, *places: str, each: int = 2) -> Path:
    """Files in each of the folders, told by ``a/b`` or, for two classes in it, by ``a/*``."""
    for place in places:
        folders = [place[:-1] + label for label in "01"] if place.endswith("*") else [place]
        for folder in folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
            for number in range(each):
                (root / folder / f"{number}.jpg").write_bytes(folder.encode() + bytes([number]))
    return root


def by_split(root: Path | str, **more: object) -> Counter[tuple[str | None, str]]:
    return Counter((file.split, file.label) for file in list_all(asked(root, **more)))


def test_a_folder_of_images_beside_three_splits_is_left_out_and_said(tmp_path: Path) -> None:
    made(tmp_path, "train/*", "valid/*", "test/*", "images to predict", each=3)
    listing = list_data(asked(tmp_path))
    assert Counter(file.split for file in listing.files) == {
        "train": 6, "validation": 6, "test": 6
    }  # fmt: skip
    assert listing.lines() == [
        "data: a folder per split (train, valid, test) and class; 2 classes (0, 1), 18 images",
        "data: left out: 1 folder beside the splits ('images to predict')",
    ]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            ["train/*", "test1"],
            r"holds 'train' \(a split's name\), beside 'test1' \(nearly 'test'\): all of them "
            r"would be classes; rename it, or leave it out with data\.leave_out: \['test1'\]; "
            r"if all of them are classes, set data\.folders: classes",
        ),
        (["train", "valid", "tset"], r"'train' and 'valid' \(splits' names\), beside 'tset' \(n"),
        (["train/*", "valid/*", "tset"], r"beside 'tset' \(nearly 'test'\)"),
        (["train/*", "valid/*", "tset/*"], r"beside 'tset' \(nearly 'test'\)"),
        (["train/*", "valid/*", "test/*", "extra/*"], "beside 'extra': all of them would be"),
        (["train/*", "images to predict"], "'train' .*, beside 'images to predict': all of"),
        (["Train", "bus"], r"'Train' \(a split's name\), beside 'bus': all of them would"),
        (["test", "exam", "quiz"], r"'test' \(a split's name\), beside 'exam' and 'quiz'"),
        (
            ["trian/*", "tset/*"],
            r"holds 'trian' \(nearly 'train'\) and 'tset' \(nearly 'test'\): all",
        ),
        (
            ["train_set/*", "test_set/*"],
            r"'test_set' \(nearly 'test'\) and 'train_set' \(nearly 'train",
        ),
        (["valid/*", "test/*"], "'test' and 'valid' .*; none of them is 'train': set data.path"),
        (
            ["train", *(f"vehicle {number}" for number in range(9))],
            r"'train' .*, beside 'vehicle 0', 'vehicle 1', 'vehicle 2' and 6 more: .*"
            r"leave_out: \['train'\]; if all of them are classes",
        ),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_class_folders_with_a_splits_name_or_nearly_one_are_refused(
    tmp_path: Path, places: list[str], message: str, remote: bool
) -> None:
    root = made(tmp_path / "x", *places)
    with pytest.raises(InputError, match=message) as error:
        list_all(asked(address(root) if remote else root))
    assert "\n" not in str(error.value)


def test_what_the_message_says_helps(tmp_path: Path) -> None:
    root = made(tmp_path, "train/*", "test1")
    assert set(by_split(root, leave_out=["test1"])) == {("train", "0"), ("train", "1")}
    assert set(by_split(root, folders="classes")) == {(None, "train"), (None, "test1")}
    with pytest.raises(
        InputError, match=r"are splits, but 'test1' is not a split; the names .* tr"
    ):
        by_split(root, folders="splits")


def test_folders_called_nearly_as_splits_are_classes_beside_others(tmp_path: Path) -> None:
    labels = {"vest", "drain", "nest", "test tube", "training shoes", "shirt"}
    made(tmp_path, *labels)
    assert {label for _, label in by_split(tmp_path)} == labels


def test_splits_below_classes_are_refused(tmp_path: Path) -> None:
    made(tmp_path, "cat/train", "cat/test", "dog/train", "dog/test")
    message = "'cat' would belong to the class 'cat', but it holds 'test' and 'train', .*; put "
    with pytest.raises(InputError, match=message):
        list_all(asked(tmp_path))
    assert set(by_split(tmp_path, folders="classes")) == {(None, "cat"), (None, "dog")}


@pytest.mark.parametrize("deep", ["x/archive", "x/archive/archive"])
def test_splits_deep_below_a_class_are_refused(tmp_path: Path, deep: str) -> None:
    made(tmp_path, f"{deep}/train/*", f"{deep}/test/*", "y")
    with pytest.raises(
        InputError, match=f"'{deep}' would belong to the class .*; set data.path to .*/{deep}"
    ):
        list_all(asked(tmp_path))


def test_a_class_in_a_split_may_have_a_splits_name_where_that_is_said(tmp_path: Path) -> None:
    made(tmp_path, "train/train", "train/bus", "test/train", "test/bus")
    message = "'test' holds the class 'train', which has the name of the split train; .*: splits"
    with pytest.raises(InputError, match=message):
        list_all(asked(tmp_path))
    assert by_split(tmp_path, folders="splits") == {
        (split, label): 2 for split in ("train", "test") for label in ("train", "bus")
    }


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    made(tmp_path, "train/*", "test/*")
    (tmp_path / "val").mkdir()
    with pytest.raises(InputError, match="a folder for the split 'val', which holds no image"):
        list_all(asked(tmp_path))


def test_a_split_whose_images_have_no_classes_is_refused(tmp_path: Path) -> None:
    made(tmp_path, "train/*", "test")
    message = r"the split 'test' holds images and no class folders, .*data\.leave_out: \['test'\]"
    with pytest.raises(InputError, match=message):
        list_all(asked(tmp_path))
    assert set(by_split(tmp_path, leave_out=["test"])) == {("train", "0"), ("train", "1")}


def test_training_images_alone_may_be_split(tmp_path: Path) -> None:
    assert set(by_split(made(tmp_path, "train/*"))) == {("train", "0"), ("train", "1")}


@pytest.mark.parametrize(
    ("name", "split"),
    [("test1", "test"), ("Train-Images", "train"), ("valset 2", "validation"), ("test tube", None)],
)
def test_added_words_make_no_other_name(name: str, split: str | None) -> None:
    assert split_decorated(name) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [("tset", "test"), ("trian", "train"), ("vaild", "validation"), ("validaton", "validation"),
     ("test of may", "test"), ("images to predict", None), ("unlabelled", None), ("extra", None),
     ("bus", None)],
)  # fmt: skip
def test_mistyped_names_are_near(name: str, split: str | None) -> None:
    assert split_nearly(name) == split


def test_classes_that_look_the_same_are_said_to_be_two(tmp_path: Path) -> None:
    made(tmp_path, "Cat", "cat", "caf\u00e9", "cafe\u0301", "dog")
    lines = list_data(asked(tmp_path)).lines()[1:]
    assert [line.split(" are classes of their own")[0] for line in lines] == [
        "data: 'Cat' and 'cat'",
        "data: 'cafe\u0301' and 'caf\u00e9'",
    ]


def test_classes_that_hold_the_same_folders_are_pointed_out(tmp_path: Path) -> None:
    made(tmp_path, "part1/*", "part2/*")
    assert list_data(asked(tmp_path)).lines()[1:] == [
        "data: 'part1' and 'part2' are read as the classes, but all hold the same folders, '0' and "
        "'1'; if those are the classes, put them into one folder, or into splits"
    ]
    made(tmp_path, "part2")
    assert len(list_data(asked(tmp_path)).lines()) == 1

"""Files that a manifest names and that are not there: told at once, with where they may be."""

import unicodedata
from pathlib import Path

import pytest

from components.image_example_gen import bad_files
from components.image_example_gen.sources import list_all, list_data
from components.image_example_gen.sources.missing import likely_name, likely_root
from modules.errors import InputError
from tests.components.conftest import asked
from tests.components.image_example_gen.sources.test_manifest import manifest

NFC, NFD = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty files in ``images/a`` and ``images/b``."""
    for number in range(20):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def rows(form: str, count: int = 20) -> str:
    lines = [form.format("ab"[n % 2], n) + f",{'ab'[n % 2]}" for n in range(count)]
    return "path,label\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            "{}/{}.png",
            r"none of its 20 files is in \S+: set data\.image_root to \S+/images, which holds a/0",
        ),
        (
            "images\\{}\\{}.png",
            r"which holds 'images/a/0\.png' with slashes instead of backslashes where the .*; corr",
        ),
        ("C:\\Users\\me\\images\\{}\\{}.png", "which holds 'images/a/0.png' with slashes"),
        (
            "elsewhere/{}/{}.png",
            r"set data\.image_root to the folder that its paths start at, such",
        ),
        (
            "IMAGES/{}/{}.PNG",
            "'images/a/0.png' where the manifest says 'IMAGES/a/0.PNG'; correct its",
        ),
        (
            "my/images/{}/{}.png",
            "'images/a/0.png' where the manifest says 'my/images/a/0.png'; correct",
        ),
    ],
)
def test_where_no_file_is_there_the_likely_place_is_named(
    photos: Path, form: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        list_all(asked(manifest(photos, rows(form))))
    assert "\n" not in str(error.value)


def test_a_folder_beside_the_manifests_is_found(photos: Path) -> None:
    with pytest.raises(InputError, match=r"set data\.image_root to \S+/images, which holds a/0"):
        list_all(asked(manifest(photos / "tables", rows("{}/{}.png"))))


def test_a_folder_above_the_image_root_is_found(photos: Path) -> None:
    path = manifest(photos / "tables", rows("images/{}/{}.png"))
    with pytest.raises(InputError, match=rf"data\.image_root to {photos}, which holds images/a/0"):
        list_all(asked(path, image_root=str(photos / "images" / "a")))


def test_a_column_of_splits_that_is_not_used_is_said(photos: Path) -> None:
    folds = ["train", "test", "val"] * 7
    text = "path,label,fold,camera\n" + "".join(
        f"images/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]},{folds[n]},{n}\n" for n in range(20)
    )
    path = manifest(photos, text)
    assert list_data(asked(path)).lines()[1:] == [
        "data: the column 'fold' holds names of splits, but is not read as the split; if it is "
        "the split, set data.split_column: fold"
    ]
    assert len(list_data(asked(path, split_column="fold")).lines()) == 1
    with pytest.raises(InputError, match="the labels are 'test', 'train' and 'val', as splits are"):
        list_all(asked(path, label_column="fold"))


def test_an_image_root_that_is_not_there_is_named(photos: Path) -> None:
    with pytest.raises(InputError, match=r"data\.image_root: \S+/image does not exist; did you"):
        list_all(asked(manifest(photos, rows("{}/{}.png")), image_root=str(photos / "image")))


@pytest.mark.parametrize(("written", "named"), [(NFC, NFD), (NFD, NFC)])
def test_the_other_form_of_unicode_is_named(tmp_path: Path, written: str, named: str) -> None:
    (tmp_path / written).write_bytes(b"x")
    assert likely_name(str(tmp_path), named) == written


def test_a_few_missing_files_are_left_out_with_their_likely_names(photos: Path) -> None:
    text = rows("images/{}/{}.png") + "images\\b\\1.png,b\nnone.png,a\n"
    files = list_all(asked(manifest(photos, text)))
    assert {file.name: file.problem for file in files if file.problem} == {
        "images\\b\\1.png": ("unreadable: No such file or directory; there is 'images/b/1.png'"),
        "none.png": "unreadable: No such file or directory",
    }
    assert list_data(asked(manifest(photos, text))).lines()[1] == (
        "data: 2 images cannot be used (2 unreadable; such as images\\b\\1.png: unreadable: No "
        "such file or directory; there is 'images/b/1.png')"
    )
    bad_files.check_listed(files, 0.1)
    message = r"2 of 22 files cannot be used \(2 unreadable; such as images\\b\\1.png: .*there is"
    with pytest.raises(InputError, match=message):
        bad_files.check_listed(files, 0.05)


def test_nothing_is_looked_for_outside_of_reach(tmp_path: Path) -> None:
    assert likely_root(str(tmp_path), "/etc/passwd") == ""
    assert likely_root(str(tmp_path), "../x.png") == ""
    assert likely_name(str(tmp_path), "../../etc/passwd") == ""


def test_rows_without_a_label_are_refused_at_once_or_skipped(photos: Path) -> None:
    text = rows("images/{}/{}.png", 8) + "".join(
        f"images/{'ab'[n % 2]}/{n}.png,\n" for n in range(8, 20)
    )
    options = asked(manifest(photos, text))
    message = (
        r"12 of 20 files cannot be used \(12 no label; such as images/a/10\.png: no label\), and "
        r"data\.max_bad_fraction allows 0\.05; set data\.unlabelled: skip to continue without "
        r"those that have no label, with 8 images"
    )
    with pytest.raises(InputError, match=message):
        bad_files.check_listed(list_all(options), options.max_bad_fraction)
    skipped = list_data(asked(manifest(photos, text), unlabelled="skip"))
    bad_files.check_listed(skipped.files, options.max_bad_fraction)
    assert skipped.lines() == [
        "data: the manifest images.csv; 2 classes (a, b), 8 images",
        "data: left out: 12 images without a label ('images/a/8.png', 'images/b/9.png', "
        "'images/a/10.png', …)",
    ]


def test_a_manifest_without_any_label_says_so(photos: Path) -> None:
    text = "path,label\nimages/a/0.png,\nimages/b/1.png,\n"
    with pytest.raises(InputError, match="0 classes, and at least 2 are needed; 2 of 2: no label"):
        list_all(asked(manifest(photos, text)))
    with pytest.raises(InputError, match="has no row with a label; name the label's column"):
        list_all(asked(manifest(photos, text), unlabelled="skip"))


@pytest.mark.parametrize(
    ("header", "more", "named"),
    [
        ("path,label,,", "{row},,", "2 columns with an empty name ('column 3', 'column 4')"),
        (",path,label", "{number},{row}", "1 column with an empty name ('column 1')"),
    ],
)
def test_empty_columns_and_the_index_of_pandas_are_left_out_and_said(
    photos: Path, header: str, more: str, named: str
) -> None:
    body = [
        more.format(number=number, row=row)
        for number, row in enumerate(rows("images/{}/{}.png").splitlines()[1:])
    ]
    listing = list_data(asked(manifest(photos, "\n".join([header, *body]))))
    assert listing.lines() == [
        "data: the manifest images.csv; 2 classes (a, b), 20 images",
        f"data: left out: {named}",
    ]
    assert {file.columns for file in listing.files} == {()}


def test_what_a_manifest_tells_is_said(photos: Path) -> None:
    text = "path,label,split,group,camera\n" + "".join(
        f"images/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]},train,{n},x\n" for n in range(20)
    )
    assert list_data(asked(manifest(photos, text))).lines() == [
        "data: the manifest images.csv, splits from its column 'split', groups from 'group', "
        "further columns 'camera'; 2 classes (a, b), 20 images"
    ]

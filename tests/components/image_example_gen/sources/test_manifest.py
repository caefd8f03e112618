"""A CSV manifest: its columns, its splits, its groups, and what is wrong with it."""

from pathlib import Path

import pytest

from components.image_example_gen import records, split_assignment
from components.image_example_gen.sources import further_features, list_all, list_data
from components.image_example_gen.sources.manifest import RESERVED
from modules.errors import InputError
from tests.components.conftest import SHARES, asked
from tests.conftest import PROJECT


def manifest(folder: Path, text: str, name: str = "images.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def folder(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Twelve images in a folder of their own, without labels."""
    (tmp_path / "images").mkdir()
    for number, content in enumerate(pictures[:12]):
        (tmp_path / "images" / f"{number}.png").write_bytes(content)
    return tmp_path


ROWS = "".join(f"images/{n}.png,{'ab'[n % 2]},cam{n % 3}\n" for n in range(12))


def test_rows_are_images_and_other_columns_are_kept(folder: Path) -> None:
    path = manifest(folder, "path,label,camera\n" + ROWS)
    files = list_all(asked(path))
    assert len(files) == 12
    by_name = {file.name: file for file in files}
    assert by_name["images/3.png"].label == "b"
    assert by_name["images/3.png"].columns == (("camera", "cam0"),)
    assert by_name["images/3.png"].size == (folder / "images/3.png").stat().st_size
    assert further_features(asked(path)) == ["camera"]
    report = records.write_chunk(
        files, {s: str(folder / s) for s in SHARES}, SHARES, asked(path), 0
    )
    assert report.counts.total() == 12
    assert not report.bad


def test_columns_may_have_any_name_tabs_and_a_byte_order_mark(folder: Path) -> None:
    text = "\ufefffile\tspecies\n" + "".join(f"images/{n}.png\t浴室{n % 2}\n" for n in range(4))
    path = manifest(folder, text, "images.tsv")
    files = list_all(asked(path, image_column="file", label_column="species"))
    assert {file.label for file in files} == {"浴室0", "浴室1"}


def test_a_quoted_value_may_hold_the_separator(folder: Path) -> None:
    path = manifest(folder, 'path,label\n"images/0.png","a, or b"\nimages/1.png,c\n\n')
    assert [file.label for file in list_all(asked(path))] == ["a, or b", "c"]


def test_named_splits_are_kept(folder: Path) -> None:
    names = ["train", "VAL", "Test", "training"] * 3
    rows = "".join(f"images/{n}.png,{'ab'[n % 2]},{names[n]}\n" for n in range(12))
    options = asked(manifest(folder, "path,label,split\n" + rows))
    decided = split_assignment.assign_splits(list_all(options), SHARES)
    assert decided.shares == {"train": 1.0}
    held_out = {file.name: file.split for file in decided.files if file.split != "train"}
    assert {name for name, split in held_out.items() if split == "test"} == {
        f"images/{n}.png" for n in (2, 6, 10)
    }
    assert {name for name, split in held_out.items() if split == "validation"} == {
        f"images/{n}.png" for n in (1, 5, 9)
    }


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "file,label\nx,a\n",
            {},
            r"data\.image_column: .* has no column 'path'; it has 'file' and 'label': name one",
        ),
        ("path,label\nx,a\n", {"split_column": "fold"}, r"data\.split_column: .*no column 'fold'"),
        (
            "path,label,width\nx,a,3\n",
            {},
            "a column 'width', but Thaw itself gives every image width, .*; rename .*'stated_wid",
        ),
        ("path,label,x,x\nx,a,3,3\n", {}, "two columns named 'x'; rename one"),
        ("path;label\nx;a\n", {}, "one column, 'path;label'; save it with commas"),
        ("path,label\nx,a,b\n", {}, "row 2: 3 values for 2 columns; quote"),
        ("path,label,split\nx,a,maybe\n", {}, "row 2: 'maybe' is not a split; it must be train"),
        (
            "path,label\n../x.png,a\n",
            {},
            r"row 2: \.\./x\.png is outside .*; set data.image_root",
        ),
        ("path,label\n/etc/passwd,a\n", {}, "row 2: /etc/passwd is outside"),
        ("path,label\na/../../x.png,a\n", {}, "is outside .*; set data.image_root"),
        ("path,label\nimages.csv,a\n", {}, "holds images of 1 class, 'a', and at least 2"),
        ("", {}, r"images\.csv is empty; it needs a header, such as path,label"),
        ("\n \n", {}, r"images\.csv is empty"),
        ("path,label\n", {}, r"has a header and no rows; add a row for each image"),
        (
            "path,label,\nx,a,7\ny,b,u\n",
            {},
            "the name of column 3 is empty, but the column holds values, such as '7' in row 2;",
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        list_all(asked(manifest(tmp_path, text), **options))


def test_a_manifest_that_is_not_text_or_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"x\.csv cannot be read \(it is not UTF-8\)"):
        list_all(asked(tmp_path / "x.csv"))
    with pytest.raises(InputError, match=r"y\.csv does not exist; did you mean 'x\.csv'"):
        list_all(asked(tmp_path / "y.csv"))


def test_paths_may_start_elsewhere(folder: Path) -> None:
    path = manifest(folder / "about", "path,label\n0.png,a\n1.png,b\n")
    files = list_all(asked(path, image_root=str(folder / "images")))
    assert [file.path for file in files] == [str(folder / "images" / f"{n}.png") for n in (0, 1)]
    assert all(file.size for file in files)


def test_an_absolute_path_below_the_manifest_is_taken(folder: Path) -> None:
    path = manifest(folder, f"path,label\n{folder}/images/0.png,a\nimages/1.png,b\n")
    assert [file.path for file in list_all(asked(path))] == [
        str(folder / "images/0.png"),
        str(folder / "images/1.png"),
    ]


def test_rows_without_label_or_file_are_left_out_by_name(folder: Path) -> None:
    text = "path,label\nimages/0.png,a\nimages/1.png,b\nimages/2.png,\nnone.png,a\n,a\n"
    text += 'images/3.png,"c\nd"\n'
    options = asked(manifest(folder, text))
    report = records.write_chunk(
        list_all(options), {s: str(folder / s) for s in SHARES}, SHARES, options, 0
    )
    assert {label for _, label in report.counts} == {"a", "b", ""}
    assert {row["path"]: row["reason"] for row in report.bad} == {
        "images/2.png": "no label",
        "images/3.png": "the label has more than one line",
        "none.png": "unreadable: No such file or directory",
        "row 6": "no path",
    }


def test_a_second_label_is_no_feature_and_that_is_said(folder: Path) -> None:
    path = manifest(folder, "path,label,kind\nimages/0.png,1,a\nimages/1.png,1,b\n")
    listing = list_data(asked(path, label_column="kind"))
    assert [(file.label, file.columns) for file in listing.files] == [("a", ()), ("b", ())]
    assert listing.lines()[1] == (
        "data: left out: 1 column with the name of a feature that another column gives ('label')"
    )
    assert further_features(asked(path, label_column="kind")) == []


def test_the_page_names_every_reserved_column() -> None:
    page = (PROJECT / "docs" / "data.md").read_text(encoding="utf-8")
    (sentence,) = [part for part in page.split("\n\n") if "reserved" in part]
    assert all(f"`{name}`" in sentence for name in RESERVED)

"""What other programs leave among people's files, and what a person leaves out."""

from pathlib import Path

import pytest

from components.image_example_gen.sources import list_data
from tests.components.conftest import asked
from tests.components.elsewhere import address
from tests.components.image_example_gen.sources.test_layout import made

OF_SYSTEMS = [
    "__MACOSX", "lost+found", "@eaDir", ".@__thumb", "#recycle", "$RECYCLE.BIN", "@Recycle",
    "System Volume Information", ".Trashes", ".Spotlight-V100", "#snapshot", ".ipynb_checkpoints",
]  # fmt: skip
FILES = [".DS_Store", "Thumbs.db", "desktop.ini", "._0.jpg", "0.jpg@SynoEAStream"]


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("places", [["0", "1"], ["train/*", "test/*"]])
def test_what_other_programs_left_is_neither_class_nor_image(
    tmp_path: Path, places: list[str], remote: bool
) -> None:
    root = made(tmp_path / "x", *places)
    wanted = {file.name for file in list_data(asked(root)).files}
    made(root, *OF_SYSTEMS, f"{places[0].replace('*', '0')}/@eaDir", each=1)
    for name in FILES:
        (root / places[0].replace("*", "0") / name).write_bytes(b"x")
    listing = list_data(asked(address(root) if remote else root))
    assert {file.name for file in listing.files} == wanted
    line = listing.lines()[1]
    assert line.startswith(f"data: left out: {len(OF_SYSTEMS) + 1 + len(FILES)} files or folders")
    assert line.endswith(", …)")


def test_an_archive_of_a_mac_is_read_as_what_it_holds(tmp_path: Path) -> None:
    root = made(tmp_path, "train/*", "valid/*", "test/*")
    made(root, "__MACOSX/0", "__MACOSX/1", each=1)
    listing = list_data(asked(root))
    assert {file.split for file in listing.files} == {"train", "validation", "test"}
    assert listing.lines()[1] == ("data: left out: 1 file or folder of other programs ('__MACOSX')")


def test_names_and_patterns_are_left_out_wherever_they_lie(tmp_path: Path) -> None:
    root = made(tmp_path, "0", "1", "1/rejects", "drafts [old]")
    (root / "0" / "0.xmp").write_bytes(b"x")
    (root / "1" / "0.xmp").write_bytes(b"x")
    (root / "notes.txt").write_bytes(b"x")
    listing = list_data(asked(root, leave_out=["*.xmp", "rejects", "drafts [old]"]))
    assert {file.name for file in listing.files} == {"0/0.jpg", "0/1.jpg", "1/0.jpg", "1/1.jpg"}
    assert listing.lines()[1] == (
        "data: left out: 4 files or folders that data.leave_out names ('drafts [old]', '0.xmp', "
        "'rejects', …); 1 file beside the class folders ('notes.txt')"
    )


def test_shards_of_other_programs_are_passed_over(tmp_path: Path) -> None:
    from tests.components.image_example_gen.sources.test_shards import shard

    root = tmp_path / ".cache"
    path = shard(root / "x.tfrecord", [(b"1", "a"), (b"2", "b")])
    (root / "._x.tfrecord").write_bytes(b"x")
    (root / "@eaDir").mkdir()
    (root / "@eaDir" / "x.tfrecord").write_bytes(b"x")
    listing = list_data(asked(root))
    assert listing.lines() == [
        "data: 1 shard; 2 classes (a, b), 2 images",
        "data: left out: 2 files or folders of other programs ('._x.tfrecord', '@eaDir')",
    ]
    hidden = path.rename(root / ".x.tfrecord")
    assert len(list_data(asked(hidden)).files) == 2

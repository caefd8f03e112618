"""From a folder to shards: listing, checking, splitting, writing; nothing vanishes."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.data_check.problems import missing_images
from components.image_example_gen import beam_worker, records, report
from components.image_example_gen.hash_split import split_of
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_all
from components.image_example_gen.sources.folder import list_folder
from modules import features
from modules.errors import InputError
from modules.settings import Ingest
from tests.components.conftest import fingerprint_of
from tests.conftest import encoded, picture

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def asked(path: Path, earlier: Path | None = None, **more: Any) -> Ingest:
    return Ingest(path=str(path), earlier=str(earlier) if earlier else None, **more)


def report_of(listed: Sequence[ImageFile], folders: dict[str, str]) -> dict[str, Any]:
    """The report of one chunk, with what was left out in ``bad``."""
    chunk = records.write_chunk(listed, folders, SHARES, asked(Path("here")), 0)
    whole = report.merge([chunk])
    summary = report.summarize(whole, report.Files(Path("report"), Path("quarantine")))
    return {**summary, "bad": whole.bad}


def folder_of(root: Path, images: dict[str, bytes]) -> Path:
    for name, content in images.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def some_images(root: Path, count: int = 40) -> Path:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    return folder_of(
        root, {f"{'ab'[i % 2]}/{i:03}.png": encoded(image) for i, image in enumerate(pixels)}
    )


def test_classes_are_the_folders_and_what_lies_deeper_belongs_to_them(tmp_path: Path) -> None:
    root = folder_of(
        tmp_path,
        {"b/1.png": b"x", "a/deep/2.png": b"x", "a/.hidden": b"x", "LICENSE": b"x", ".c/3": b"x"},
    )
    files = list_folder(str(root)).files
    assert [(file.name, file.label) for file in files] == [("a/deep/2.png", "a"), ("b/1.png", "b")]


def test_earlier_images_go_to_a_split_of_their_own(tmp_path: Path) -> None:
    now, before = some_images(tmp_path / "now"), some_images(tmp_path / "before", 10)
    files = list_all(asked(now, before))
    folders = {name: str(tmp_path / "out" / name) for name in (*features.SPLITS, features.EARLIER)}
    merged = report_of(files, folders)
    assert merged["images"][features.EARLIER] == {"a": 5, "b": 5}
    assert sum(sum(merged["images"][split].values()) for split in features.SPLITS) == 40
    assert missing_images(merged["images"]) == []
    (shard,) = (tmp_path / "out" / features.EARLIER).iterdir()
    assert len(list(tf.data.TFRecordDataset(str(shard)).as_numpy_iterator())) == 10
    assert fingerprint_of(files) != fingerprint_of(list_folder(str(now)).files)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("before", r"^data\.earlier: the class 'z' in .*before is not among those in data\.path"),
        ("now", r"^data\.earlier: .*now and data\.path, .*now, hold the same images"),
        ("now/a", r"hold the same images; name a folder"),
        (".", r"hold the same images; name a folder"),
        ("none", r"^data\.earlier: .*none does not exist"),
    ],
)
def test_earlier_images_that_cannot_be_are_refused(tmp_path: Path, name: str, message: str) -> None:
    now = some_images(tmp_path / "now")
    folder_of(tmp_path / "before", {"a/1.png": encoded(picture()), "z/1.png": b"x"})
    with pytest.raises(InputError, match=message):
        list_all(asked(now, tmp_path / name))


def test_one_class_of_earlier_images_is_enough_and_a_broken_one_is_named(tmp_path: Path) -> None:
    now = some_images(tmp_path / "now")
    before = folder_of(tmp_path / "before", {"a/1.png": encoded(picture()), "a/2.png": b"broken"})
    files = list_all(asked(now, before))
    folders = {name: str(tmp_path / "out" / name) for name in (*features.SPLITS, features.EARLIER)}
    merged = report_of(files, folders)
    assert merged["images"][features.EARLIER] == {"a": 1}
    assert [row["path"] for row in merged["bad"]] == ["a/2.png"]


def test_a_link_that_leads_back_up_is_not_followed(tmp_path: Path) -> None:
    root = folder_of(tmp_path, {"a/deep/1": b"x", "b/2": b"x"})
    (root / "a" / "deep" / "loop").symlink_to(root / "a")
    assert [file.name for file in list_folder(str(root)).files] == ["a/deep/1", "b/2"]


def test_labels_may_be_any_text(tmp_path: Path) -> None:
    root = folder_of(tmp_path, {"køkken/1": b"x", "浴室/1": b"x", "with space/1": b"x"})
    assert {file.label for file in list_folder(str(root)).files} == {"køkken", "浴室", "with space"}


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({"a/1.png": b"x"}, "holds 1 class folder, 'a', and at least 2"),
        (
            {"a/1.png": b"x", "b/1.png": b"x", "c/.x": b"x"},
            "3 class folders, of which 'c' is empty",
        ),
        ({"a/1.png": b"x", "b\nc/1.png": b"x"}, "cannot be a class"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused(
    tmp_path: Path, images: dict[str, bytes], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        list_folder(str(folder_of(tmp_path, images)))


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"data\.path: /nowhere does not exist"):
        list_folder("/nowhere")


def test_the_fingerprint_covers_content_not_dates(tmp_path: Path) -> None:
    root = some_images(tmp_path, 6)

    def now() -> str:
        return fingerprint_of(list_folder(str(root)).files)

    before = now()
    target = root / "a" / "000.png"
    os.utime(target, (0, 0))
    assert now() == before
    content, dates = target.read_bytes(), target.stat()
    target.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(target, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert now() != before
    target.write_bytes(content)
    assert now() == before
    target.rename(root / "b" / "000.png")
    assert now() != before


def test_splits_follow_their_shares_and_depend_on_content_alone() -> None:
    contents = [f"image {i}".encode() for i in range(5000)]
    counts = Counter(split_of(content, SHARES) for content in contents)
    for name, share in SHARES.items():
        assert counts[name] / 5000 == pytest.approx(share, abs=0.02)
    assert split_of(b"same", SHARES) == split_of(b"same", dict(SHARES))


def test_chunks_hold_every_file_once_and_not_more_than_their_weight() -> None:
    listed = [ImageFile(f"/{i}", f"{i}", "a", 10) for i in range(95)]
    cut = records.chunks(listed, shard_bytes=100)
    assert sorted(file.name for chunk in cut for file in chunk) == sorted(f.name for f in listed)
    assert max(map(len, cut)) == 10
    assert cut == records.chunks(list(reversed(listed)), shard_bytes=100)


def test_every_file_is_written_or_named_as_bad(tmp_path: Path) -> None:
    root = some_images(tmp_path / "in")
    folder_of(root, {"a/empty.png": b"", "b/text.jpg": b"no image"})
    (root / "a" / "dangling.png").symlink_to("nowhere")
    listed = list_folder(str(root)).files
    folders = {name: str(tmp_path / name) for name in SHARES}
    (chunk,) = records.chunks(listed)
    merged = report_of(chunk, folders)
    written = sum(sum(counts.values()) for counts in merged["images"].values())
    assert written == 40
    assert [row["path"] for row in merged["bad"]] == ["a/dangling.png", "a/empty.png", "b/text.jpg"]
    assert all(row["reason"] for row in merged["bad"])
    for split, folder in folders.items():
        dataset = tf.data.TFRecordDataset(tf.io.gfile.glob(f"{folder}/*"))
        examples = [tf.train.Example.FromString(record.numpy()) for record in dataset]
        assert len(examples) == sum(merged["images"][split].values())
        for example in examples:
            feature = example.features.feature
            name = feature[features.PATH].bytes_list.value[0].decode()
            content = feature[features.IMAGE_BYTES].bytes_list.value[0]
            assert content == (root / name).read_bytes()
            assert split_of(content, SHARES) == split
            assert feature[features.LABEL].bytes_list.value[0].decode() == name[0]


def test_a_class_of_which_no_file_is_good_is_counted_as_empty(tmp_path: Path) -> None:
    root = folder_of(some_images(tmp_path / "in"), {"c/1.png": b"bad"})
    folders = {name: str(tmp_path / name) for name in SHARES}
    listed = list_folder(str(root)).files
    merged = report_of(listed, folders)
    assert merged["images"]["train"]["c"] == 0
    assert missing_images(merged["images"])[-1] == "train: no image of class 'c'"


def test_odd_files_are_listed_and_never_waited_for(tmp_path: Path) -> None:
    root = some_images(tmp_path / "in", 4)
    os.mkfifo(root / "a" / "pipe.png")
    (root / "b" / os.fsdecode(b"\xff.png")).write_bytes(b"no image")
    listed = list_folder(str(root)).files
    assert fingerprint_of(listed) == fingerprint_of(listed)
    folders = {name: str(tmp_path / name) for name in SHARES}
    merged = report_of(listed, folders)
    assert [row["path"] for row in merged["bad"]] == ["a/pipe.png", "b/\ufffd.png"]
    assert merged["bad"][0]["reason"] == "unreadable: not a regular file"
    assert json.dumps(merged, ensure_ascii=False).encode()


def test_too_many_bad_files_fail_with_the_counts(tmp_path: Path) -> None:
    bad = [{"path": f"{i}.png", "reason": "the file is empty", "sha256": ""} for i in range(2)]
    whole = records.ChunkReport(Counter({("train", "a"): 18}), bad)
    where = report.Files(tmp_path / "report.json", tmp_path / "quarantine.jsonl")
    report.write(whole, {"duplicates": 0}, where)
    report.check_bad(where, 0.1)
    message = r"2 of 20 files .*\(2 the file is empty; such as 0\.png: the file is empty\).* 0\.05"
    with pytest.raises(InputError, match=message):
        report.check_bad(where, 0.05)
    lines = where.quarantine.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == bad


def test_a_chunk_comes_out_of_beam_as_it_went_in() -> None:
    files = [
        ImageFile("/a/\udcff.png", "a/?.png", "ä", 3),
        ImageFile(
            "gs://b/s", "s#1", "b", 0, "train", "g", (("x", "1"), ("y", "\n")), 1, "00", "no image"
        ),
    ]
    assert beam_worker._unpack(beam_worker.pack(7, files)) == (7, files)

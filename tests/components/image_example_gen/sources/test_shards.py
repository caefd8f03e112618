"""TFRecord shards: their records, their splits, and shards that are broken."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf

from components.image_example_gen import records, report, sample, split_assignment
from components.image_example_gen.sources import list_all, list_data
from components.image_example_gen.sources.shards import pick_records
from modules import features
from modules.errors import InputError
from tests.components.conftest import SHARES, asked


def shard(
    path: Path, pairs: list[tuple[bytes, object]], image: str = "image_bytes", label: str = "label"
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), "GZIP" if path.suffix == ".gz" else "") as writer:
        for content, name in pairs:
            feature = tf.train.Feature()
            if isinstance(name, int):
                feature.int64_list.value.append(name)
            else:
                feature.bytes_list.value.append(str(name).encode())
            of_image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
            example = tf.train.Example(
                features=tf.train.Features(feature={image: of_image, label: feature})
            )
            writer.write(example.SerializeToString())
    return path


def test_records_are_images_whatever_shards_they_are_in(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    pairs: list[tuple[bytes, object]] = [(one, "ab"[n % 2]) for n, one in enumerate(pictures)]
    shard(tmp_path / "one.tfrecord", pairs[:30])
    shard(tmp_path / "two.tfrecord.gz", pairs[30:])
    options = asked(tmp_path)
    files = list_all(options)
    assert Counter(file.label for file in files) == {"a": 30, "b": 30}
    folders = {split: str(tmp_path / "out" / split) for split in SHARES}
    chunks = records.chunks(files)
    assert [len(chunk) for chunk in chunks] == [30, 30]
    whole = [
        records.write_chunk(chunk, folders, SHARES, options, n) for n, chunk in enumerate(chunks)
    ]
    assert sum(one.counts.total() for one in whole) == 60
    paths = [str(path) for path in (tmp_path / "out").rglob("*.tfrecord")]
    written = {
        tf.train.Example.FromString(record.numpy())
        .features.feature[features.IMAGE_BYTES]
        .bytes_list.value[0]
        for record in tf.data.TFRecordDataset(paths)
    }
    assert written == set(pictures)
    assert pick_records(files[7].path, {3, 7}, options.image_column) == {
        3: pictures[3],
        7: pictures[7],
    }
    # Its examples hold the file's name as "path", which is also what a manifest calls the image.
    again = list_all(asked(tmp_path / "out"))
    assert {file.problem for file in again} == {""}
    digests = {hashlib.sha256(one).hexdigest() for one in pictures}
    assert {file.digest for file in again} == digests


def test_shards_of_others_are_understood_and_their_names_tell_the_split(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    for split, part in (("train", pictures[:40]), ("validation", pictures[40:])):
        pairs: list[tuple[bytes, object]] = [(one, n % 2) for n, one in enumerate(part)]
        shard(
            tmp_path / f"photos-{split}.tfrecord-00000-of-00001",
            pairs,
            "image/encoded",
            "image/class/label",
        )
    options = asked(tmp_path / "photos-*.tfrecord-*")
    decided = split_assignment.assign_splits(list_all(options), SHARES)
    assert {file.label for file in decided.files} == {"0", "1"}
    assert Counter(file.split for file in decided.files) == {None: 40, "validation": 20}
    assert set(decided.shares) == {"train", "test"}


def test_a_broken_shard_gives_what_it_holds_and_is_named(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    pairs: list[tuple[bytes, object]] = [(one, "ab"[n % 2]) for n, one in enumerate(pictures)]
    path = shard(tmp_path / "one.tfrecord", pairs)
    path.write_bytes(path.read_bytes()[:-10])
    options = asked(path)
    files = list_all(options)
    report = records.write_chunk(
        files, {split: str(tmp_path / "out" / split) for split in SHARES}, SHARES, options, 0
    )
    assert report.counts.total() == 59
    (bad,) = report.bad
    assert bad["path"] == "one.tfrecord#59"
    assert bad["reason"].startswith("the shard is broken: truncated record at ")


def test_records_without_image_or_label_are_left_out(tmp_path: Path, pictures: list[bytes]) -> None:
    path = shard(
        tmp_path / "x.tfrecord",
        [(pictures[0], "a"), (pictures[1], "b"), (b"", "a"), (pictures[2], "")],
    )
    options = asked(path)
    report = records.write_chunk(
        list_all(options),
        {split: str(tmp_path / "out" / split) for split in SHARES},
        SHARES,
        options,
        0,
    )
    assert report.counts.total() == 2
    assert [row["reason"] for row in report.bad] == [
        "no image: the features are image_bytes, label",
        "no label",
    ]


def test_shards_may_lie_in_a_folder_whose_name_is_a_pattern(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    folder = tmp_path / "a[b] *"
    shard(folder / "train" / "x.tfrecord", [(pictures[0], "a"), (pictures[1], "b")])
    shard(folder / "test" / "x.tfrecord", [(pictures[2], "a"), (pictures[3], "b")])
    whole = {file.path for file in list_all(asked(f"{folder}"))}
    assert whole == {f"{folder}/{split}/x.tfrecord" for split in ("train", "test")}
    assert len(list_all(asked(f"{folder}/*/x.tfrecord"))) == 4
    assert len(list_all(asked(f"{folder}/[t]rain/*.tfrecord"))) == 2


def test_where_there_is_no_shard_the_remedy_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"data\.path: got .*, where no file's name ends in \.tfrecord"
    ):
        list_all(asked(tmp_path, format="tfrecord"))


def test_pixels_in_place_of_an_encoded_image_and_labels_that_are_no_text_are_left_out(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    path = shard(tmp_path / "x.tfrecord", [(pictures[0], "a"), (pictures[1], "b")])
    pixels = tf.train.Feature(float_list=tf.train.FloatList(value=[0.5]))
    odd = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"\xff"]))
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[pictures[2]]))
    label = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"a"]))
    with tf.io.TFRecordWriter(str(tmp_path / "y.tfrecord")) as writer:
        for feature in ({"image": pixels, "label": label}, {"image": image, "label": odd}):
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    options = asked(tmp_path)
    files = list_all(options)
    folders = {split: str(tmp_path / "out" / split) for split in SHARES}
    whole = report.merge(
        records.write_chunk(chunk, folders, SHARES, options, n)
        for n, chunk in enumerate(records.chunks(files))
    )
    assert path.exists()
    assert [row["reason"] for row in whole.bad] == [
        "no image: the features are image, label",
        "the label is no valid Unicode",
    ]
    where = report.Files(tmp_path / "report.json", tmp_path / "quarantine.jsonl")
    report.write(whole, {"duplicates": 0}, where)
    assert set(json.loads(where.report.read_text(encoding="utf-8"))["images"]["train"]) == {
        "a",
        "b",
    }


def test_a_sample_of_shards_lies_in_files(tmp_path: Path, pictures: list[bytes]) -> None:
    pairs: list[tuple[bytes, object]] = [(one, "ab"[n % 2]) for n, one in enumerate(pictures)]
    shard(tmp_path / "one.tfrecord", [*pairs, (b"broken", "a")])
    options = asked(tmp_path / "one.tfrecord")
    taken = sample.take(list_all(options), options, 1000, 0, tmp_path)
    contents = [Path(file.path).read_bytes() for file in (*taken.train, *taken.validation)]
    assert set(contents) < set(pictures)
    assert len(set(contents)) == len(contents)
    assert taken.bad == 1


def test_an_address_without_a_client_is_refused() -> None:
    with pytest.raises(InputError, match=r"nosuch://bucket/\S+ cannot be listed"):
        list_all(asked("nosuch://bucket/x-*.tfrecord"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["x-train", "x-test1"], r"the shard \S+/x-test1\.tfrecord is named almost like the "),
        (["train/x", "tset/x"], r"the shard tset/x\.tfrecord is named almost like"),
        (
            ["x-a", "x-test1"],
            r"almost like the split 'test'; rename the shard, or leave it out with",
        ),
    ],
)
def test_a_shard_that_is_nearly_called_as_a_split_is_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    for name in names:
        shard(tmp_path / f"{name}.tfrecord", [(name.encode(), "a"), (name.encode() + b"2", "b")])
    with pytest.raises(InputError, match=message):
        list_all(asked(tmp_path))


def test_shards_with_and_without_splits_are_told(tmp_path: Path) -> None:
    for name in ("x-train", "x-test", "nest", "vest"):
        shard(tmp_path / f"{name}.tfrecord", [(name.encode(), "a"), (name.encode() + b"2", "b")])
    with pytest.raises(InputError, match=r"nest\.tfrecord is named almost like"):
        list_all(asked(tmp_path))
    listing = list_data(asked(tmp_path, leave_out=["[nv]est*"]))
    assert listing.layout == "2 shards that name their split (test, train)"
    assert list_data(asked(f"{tmp_path}/?est.tfrecord*")).layout == "2 shards"


def test_records_without_a_label_may_be_skipped(tmp_path: Path) -> None:
    shard(tmp_path / "x.tfrecord", [(b"1", "a"), (b"2", "b"), (b"3", ""), (b"4", "")])
    assert len(list_all(asked(tmp_path))) == 4
    listing = list_data(asked(tmp_path, unlabelled="skip"))
    assert [file.label for file in listing.files] == ["a", "b"]
    assert listing.lines()[1] == (
        "data: left out: 2 images without a label ('x.tfrecord#2', 'x.tfrecord#3')"
    )

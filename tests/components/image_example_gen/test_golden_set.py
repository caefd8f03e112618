"""No image of the golden set is in what trains a model, whatever it is called there."""

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tfx.types import artifact_utils

from components.image_example_gen import component, digests, golden_set
from components.image_example_gen.golden_set import GoldenSource
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.io import GOLDEN, LISTING, SPLIT_BOOK, VERIFY
from components.image_example_gen.sources import list_data
from components.image_example_gen.span_splits import assign
from components.records.data import FINGERPRINT, read_report
from components.records.split_book import SplitBook
from modules.errors import InputError
from modules.settings import Golden, GoldenIngest
from tests.components.conftest import SHARES, asked
from tests.components.image_example_gen.sources.test_shards import shard
from tests.components.image_example_gen.test_component import (
    properties_of,
    records_of,
    run,
)
from tests.components.image_example_gen.test_split_assignment import image


def write(folder: Path, images: dict[str, bytes]) -> Path:
    for name, content in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def data(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Twenty images of two classes."""
    names = {f"{'ab'[number % 2]}/{number:02d}.png": pictures[number] for number in range(20)}
    return write(tmp_path / "data", names)


def source(path: Path, listing: Path | str = "", **keys: Any) -> GoldenSource:
    options = Golden(path=str(path), **keys).ingest(asked("/data"))
    return GoldenSource(options=options, listing=str(listing))


def driven(properties: dict[str, Any]) -> dict[str, str]:
    return component.Driver(None).changes(properties, {})


def with_golden(properties: dict[str, Any], golden: GoldenSource) -> dict[str, Any]:
    return {**properties, GOLDEN: golden.model_dump_json()}


def test_golden_images_are_taken_out_by_their_bytes_and_listed_with_both_names(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    golden = write(tmp_path / "golden", {"c/x.png": pictures[3], "c/y.png": pictures[25]})
    properties = with_golden(properties_of(data, tmp_path / "listing"), source(golden))
    examples = run(properties | driven(properties), tmp_path / "out")
    assert {content for content, _ in records_of(examples)} == set(pictures[:20]) - {pictures[3]}
    report = read_report(tmp_path / "out/ingestion")
    assert report.golden == 1
    assert report.quarantined
    assert report.quarantined.by_reason == {}
    (row,) = map(json.loads, (tmp_path / "out/quarantine/quarantine.jsonl").open())
    assert row["path"] == "b/03.png"
    assert row["reason"] == "golden: the same bytes as c/x.png of the golden set"


def test_however_many_images_are_golden_the_others_can_be_used(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    golden = write(tmp_path / "golden", {f"a/{n}.png": pictures[n] for n in range(10)})
    properties = with_golden(properties_of(data), source(golden))
    examples = run(properties | driven(properties), tmp_path / "out")
    assert {content for content, _ in records_of(examples)} == set(pictures[10:20])


def test_the_fingerprint_changes_with_what_is_taken_out_and_with_nothing_else(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    without = properties_of(data)
    golden = write(tmp_path / "golden", {"a/x.png": pictures[25]})
    properties = with_golden(without, source(golden))
    before = driven(without)
    assert driven(properties) == before
    assert before[GOLDEN] == ""

    write(golden, {"a/y.png": pictures[0]})
    one = driven(properties)
    assert one[FINGERPRINT] != before[FINGERPRINT]
    assert one[GOLDEN] == properties[GOLDEN]

    write(golden, {"a/z.png": pictures[1]})
    assert driven(properties)[FINGERPRINT] not in (before[FINGERPRINT], one[FINGERPRINT])


def test_a_span_that_was_ingested_before_is_another_once_one_of_its_images_is_golden() -> None:
    files = [image(f"{label}-{n}", label) for label in "ab" for n in range(40)]
    before = assign(files, SHARES, 1, SplitBook())
    book = SplitBook().with_span(1, before.entries)
    golden = {files[7].digest: "x.png"}
    after = assign(files, SHARES, 1, book, golden)
    assert after.fingerprint("listed") != assign(files, SHARES, 1, book).fingerprint("listed")
    assert [file.name for file in after.golden] == [files[7].name]
    assert files[7].digest not in {file.digest for file in after.files}
    assert files[7].digest not in {entry.digest for entry in after.entries}
    elsewhere = {"0" * 64: "x.png"}
    assert assign(files, SHARES, 1, book, elsewhere) == assign(files, SHARES, 1, book)


def test_the_other_images_stay_in_their_splits() -> None:
    files = [image(f"{label}-{n}", label) for label in "ab" for n in range(40)]
    golden = {file.digest: file.name for file in files[:10]}
    assert assign(files, SHARES, 1, SplitBook(), golden).files == files[10:]


def test_data_that_is_all_golden_is_refused() -> None:
    files = [image(f"x{n}", "ab"[n]) for n in range(2)]
    golden = {file.digest: file.name for file in files}
    with pytest.raises(InputError, match="2 images, and all are in the golden set, on which no"):
        assign(files, SHARES, None, SplitBook(), golden)


def names_by_split(files: Sequence[ImageFile]) -> set[str | None]:
    return {file.split for file in files}


def test_all_images_of_a_golden_set_go_to_its_split_whatever_splits_they_name(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    names = ("train/a/0.png", "train/b/1.png", "test/a/2.png", "test/b/3.png")
    folder = write(tmp_path / "golden", dict(zip(names, pictures, strict=False)))
    listed = list_data(source(folder).options).files
    assert names_by_split(listed) == {"golden"}
    assert len(listed) == 4


@pytest.mark.parametrize("named", ["test", "golden", "whatever"])
def test_a_manifests_column_of_splits_says_nothing_of_a_golden_set(
    tmp_path: Path, pictures: list[bytes], named: str
) -> None:
    folder = write(tmp_path / "golden", {"0.png": pictures[0], "1.png": pictures[1]})
    rows = f"path,species,split,group,camera\n0.png,cat,{named},g,left\n1.png,cat,train,g,\n"
    (folder / "list.csv").write_text(rows, encoding="utf-8")
    files = list_data(source(folder / "list.csv", label_column="species").options).files
    assert [(file.split, file.label, file.group) for file in files] == [("golden", "cat", "")] * 2


def test_a_mistake_in_a_golden_set_is_told_with_its_own_keys(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,species\n0.png,cat\n", encoding="utf-8")
    message = r"evaluation\.golden\.label_column: .*list\.csv has no column 'label'"
    with pytest.raises(InputError, match=message):
        list_data(source(tmp_path / "list.csv").options)
    with pytest.raises(InputError, match=r"^evaluation\.golden\.path: .*nowhere"):
        list_data(source(tmp_path / "nowhere").options)


def test_a_golden_set_becomes_a_single_split_of_its_own(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    folder = write(tmp_path / "golden", {f"a/{n}.png": pictures[n] for n in range(5)})
    options = source(folder).options.model_dump_json()
    properties = {"options": options, LISTING: "", SPLIT_BOOK: "", VERIFY: ""}
    changes = driven(properties)
    examples = run(properties | changes, tmp_path / "out")
    assert artifact_utils.decode_split_names(examples.split_names) == ["golden"]
    assert {content for content, _ in records_of(examples)} == set(pictures[:5])
    assert read_report(tmp_path / "out/ingestion").images == {"golden": {"a": 5}}
    assert changes[FINGERPRINT] == golden_set.take(source(folder)).fingerprint


def test_an_unchanged_golden_set_is_not_read_again(
    tmp_path: Path, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "golden", {"a/x.png": pictures[0], "a/y.png": pictures[1]})
    of_root = source(folder, tmp_path / "golden.jsonl")
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10 * digests.SETTLED)
    first = golden_set.names(golden_set.take(of_root))
    assert set(first.values()) == {"a/x.png", "a/y.png"}
    monkeypatch.setattr(digests, "read_file", lambda path: pytest.fail(f"{path} is read"))
    assert golden_set.names(golden_set.take(of_root)) == first


def test_a_set_that_is_not_the_pinned_one_is_refused_with_the_digest_that_it_has(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    folder = write(tmp_path / "golden", {"a/x.png": pictures[0], "a/y.png": pictures[1]})
    pinned = golden_set.take(source(folder)).fingerprint
    line = golden_set.line(golden_set.checked(source(folder), pinned))
    assert line == "golden set: a folder per class; 1 class, 2 images, never trained on"
    write(folder, {"a/z.png": pictures[2]})
    found = golden_set.take(source(folder)).fingerprint
    message = rf"evaluation\.golden\.sha256: the set in .* has the fingerprint {found}, must have"
    with pytest.raises(InputError, match=message):
        golden_set.checked(source(folder), pinned)


def test_a_copy_of_the_set_elsewhere_has_the_same_fingerprint(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    folder = write(tmp_path / "golden", {"a/x.png": pictures[0]})
    shutil.copytree(folder, tmp_path / "copy")
    os.utime(tmp_path / "copy/a/x.png", (0, 0))
    fingerprints = {
        golden_set.take(source(tmp_path / name)).fingerprint for name in ("golden", "copy")
    }
    assert len(fingerprints) == 1


@pytest.mark.parametrize(
    ("golden", "data", "apart"),
    [
        ("golden", "photos", True),
        ("photos", "photos", False),
        (".", "photos", False),
        ("photos/cat", "photos", False),
        ("photos/golden.csv", "photos", True),
        ("golden", "spans/{SPAN}", True),
    ],
)
def test_a_golden_set_is_not_the_data_itself(
    tmp_path: Path, pictures: list[bytes], golden: str, data: str, apart: bool
) -> None:
    write(tmp_path, {"photos/cat/x.png": pictures[0], "golden/cat/y.png": pictures[1]})
    paths = (str(tmp_path / golden), str(tmp_path / data))
    if apart:
        golden_set.check_apart(*paths)
        return
    with pytest.raises(InputError, match="hold the same images, and no golden image is trained on"):
        golden_set.check_apart(*paths)


def test_golden_records_are_taken_out_of_shards_and_the_others_stay_in_place(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    data = tmp_path / "data"
    shard(data / "x.tfrecord", [(pictures[n], "ab"[n % 2]) for n in range(20)])
    golden = write(tmp_path / "golden", {"a/x.png": pictures[3], "a/y.png": pictures[19]})
    properties = with_golden(properties_of(data), source(golden))
    examples = run(properties | driven(properties), tmp_path / "out")
    left = set(pictures[:20]) - {pictures[3], pictures[19]}
    assert {content for content, _ in records_of(examples)} == left
    assert read_report(tmp_path / "out/ingestion").golden == 2


def test_the_options_of_a_golden_set_are_told_from_others() -> None:
    golden = Golden(path="/golden", label_column="species").ingest(
        asked("/data", label_column="kind", group_column="who", leave_out=("*.xmp",))
    )
    assert isinstance(golden, GoldenIngest)
    assert (golden.path, golden.label_column, golden.leave_out) == (
        "/golden",
        "species",
        ("*.xmp",),
    )
    assert (golden.group_column, golden.earlier) == ("group", None)

"""The executor writes what the driver has read, and nothing else."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components import artifacts
from components.image_example_gen import (
    component,
    contents,
    digests,
    executor,
    listing_file,
    records,
)
from components.image_example_gen.io import LISTING, PLACE, SPLIT_BOOK, VERIFY
from components.image_example_gen.sources import list_all
from components.records.data import FINGERPRINT
from modules import features
from modules.errors import InputError
from modules.images import shards as stored
from tests.components.conftest import asked, fingerprint_of
from tests.components.image_example_gen.sources.test_spans import fill


def properties_of(folder: Path, listing: Path | str = "") -> dict[str, Any]:
    options = asked(folder).model_dump_json()
    return {"options": options, "source": "", LISTING: str(listing), SPLIT_BOOK: "", VERIFY: ""}


def run(properties: dict[str, Any], target: Path) -> Any:
    """Runs the executor, which writes below ``target``; returns the Examples artifact."""
    return run_all(properties, target)["examples"]


def run_all(properties: dict[str, Any], target: Path) -> dict[str, Any]:
    """The same; returns all artifacts, by output."""
    examples, older = standard_artifacts.Examples(), standard_artifacts.Examples()
    ingestion, quarantine = artifacts.Ingestion(), artifacts.Quarantine()
    outputs = {
        "examples": examples, "older": older, "ingestion": ingestion, "quarantine": quarantine
    }  # fmt: skip
    for name, artifact in outputs.items():
        artifact.uri = str(target / name)
        Path(artifact.uri).mkdir(parents=True)
    executor.Executor().Do({}, {key: [value] for key, value in outputs.items()}, properties)
    return outputs


def records_of(examples: Any) -> list[tuple[bytes, str]]:
    """The bytes and the label of each record, shard after shard."""
    paths = sorted(str(path) for path in Path(examples.uri).rglob("images-*"))
    rows = []
    for record in tf.data.TFRecordDataset(paths).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        label = feature[features.LABEL].bytes_list.value[0].decode()
        rows.append((feature[features.IMAGE_BYTES].bytes_list.value[0], label))
    return rows


def test_a_span_that_arrives_after_the_driver_is_the_next_runs(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    fill(tmp_path, ["span-1"], pictures)
    properties = properties_of(Path(f"{tmp_path}/span-{{SPAN}}"))
    changes = component.Driver(None).changes(properties, {})
    assert str(tmp_path) not in changes[PLACE]
    assert changes[FINGERPRINT] == fingerprint_of(list_all(asked(tmp_path / "span-1")))

    fill(tmp_path, ["span-2"], pictures[2:])
    examples = run(properties | changes, tmp_path / "out")

    assert (examples.span, examples.version) == (1, 0)
    assert examples.get_string_custom_property(FINGERPRINT) == changes[FINGERPRINT]
    report = json.loads((tmp_path / "out/ingestion/ingestion.json").read_text(encoding="utf-8"))
    assert report["span"] == 1
    assert report["layout"] == "a folder per class"
    assert {content for content, _ in records_of(examples)} == set(pictures[:2])
    assert component.Driver(None).changes(properties, {})[PLACE] != changes[PLACE]


@pytest.fixture
def data(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Twenty images of two classes."""
    for number, content in enumerate(pictures[:20]):
        path = tmp_path / "data" / "ab"[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "data"


def test_the_labels_beside_the_splits_are_those_of_the_records(data: Path, tmp_path: Path) -> None:
    properties = properties_of(data, tmp_path / "listing")
    changes = component.Driver(None).changes(properties, {})
    examples = run(properties | changes, tmp_path / "out")
    shards = stored.find([f"{examples.uri}/Split-{split}/*" for split in features.SPLITS])
    labels = [label for _, label in records_of(examples)]
    assert len(labels) == 20
    assert shards.labels() == labels
    (text,) = shards.texts
    assert json.loads(text)["fingerprint"] == changes[FINGERPRINT]


def test_an_image_that_arrives_after_the_driver_is_the_next_runs(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    properties = properties_of(data, tmp_path / "listing")
    changes = component.Driver(None).changes(properties, {})
    (data / "a" / "new.png").write_bytes(pictures[20])
    examples = run(properties | changes, tmp_path / "out")
    assert {content for content, _ in records_of(examples)} == set(pictures[:20])
    assert component.Driver(None).changes(properties, {})[FINGERPRINT] != changes[FINGERPRINT]


def test_without_the_drivers_file_images_that_have_changed_since_are_refused(
    data: Path, tmp_path: Path, pictures: list[bytes]
) -> None:
    properties = properties_of(data)
    changes = component.Driver(None).changes(properties, {})
    assert len(records_of(run(properties | changes, tmp_path / "out"))) == 20
    (data / "a" / "new.png").write_bytes(pictures[20])
    message = r"^data\.path: images came, went or changed while the run listed them; run it again"
    with pytest.raises(InputError, match=message):
        run(properties | changes, tmp_path / "again")


@pytest.mark.parametrize("listing", ["", "listing"])
def test_an_image_that_changes_after_the_driver_ends_the_run(
    data: Path, tmp_path: Path, pictures: list[bytes], listing: str
) -> None:
    path = tmp_path / listing if listing else ""
    properties = properties_of(data, path)
    changes = component.Driver(None).changes(properties, {})
    target = data / "a" / "00.png"
    before = target.stat()
    target.write_bytes(pictures[20])
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    message = "1 image changed while the run read the data, such as a/00.png; run it again when"
    with pytest.raises(InputError, match=message if listing else "images came, went or changed"):
        run(properties | changes, tmp_path / "out")


def test_a_file_that_changed_without_a_trace_is_found_when_its_records_are_written(
    data: Path, tmp_path: Path, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, state_of = time.time_ns, digests.state_of
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10 * digests.SETTLED)
    properties = properties_of(data, tmp_path / "listing")
    before = component.Driver(None).changes(properties, {})
    states = {str(path): state_of(str(path)) for path in data.rglob("*.png")}
    monkeypatch.setattr(digests, "state_of", states.__getitem__)
    (data / "a" / "00.png").write_bytes(pictures[20])
    unaware = component.Driver(None).changes(properties, {})
    assert unaware == before
    with pytest.raises(InputError, match=r"1 image changed .* such as a/00\.png"):
        run(properties | unaware, tmp_path / "out")
    assert component.Driver(None).changes(properties, {})[FINGERPRINT] != before[FINGERPRINT]


def test_an_image_that_vanishes_after_the_driver_ends_the_run(data: Path, tmp_path: Path) -> None:
    properties = properties_of(data, tmp_path / "listing")
    changes = component.Driver(None).changes(properties, {})
    (data / "b" / "01.png").unlink()
    with pytest.raises(InputError, match=r"1 image changed .* such as b/01\.png"):
        run(properties | changes, tmp_path / "out")


def test_the_driver_reads_only_what_may_have_changed_unless_it_is_to_verify(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10 * digests.SETTLED)
    properties = properties_of(data, tmp_path / "listing")
    first = component.Driver(None).changes(properties, {})
    kept = listing_file.read(tmp_path / "listing")
    assert kept is not None
    assert kept.fingerprint == first[FINGERPRINT]

    read: list[str] = []

    def read_file(path: str) -> bytes:
        read.append(path)
        return Path(path).read_bytes()

    monkeypatch.setattr(digests, "read_file", read_file)
    assert component.Driver(None).changes(properties, {}) == first
    assert read == []
    assert component.Driver(None).changes({**properties, VERIFY: "yes"}, {}) == first
    assert len(read) == 20


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the images that are read, in the order of the reads."""
    paths: list[str] = []

    def read_file(path: str) -> bytes:
        paths.append(path)
        return Path(path).read_bytes()

    monkeypatch.setattr(digests, "read_file", read_file)
    monkeypatch.setattr(records, "read_file", read_file)
    return paths


def test_driver_and_executor_in_one_process_read_each_image_once(
    data: Path, tmp_path: Path, pictures: list[bytes], reads: list[str]
) -> None:
    properties = properties_of(data, tmp_path / "listing")
    changes = component.Driver(None).changes(properties, {})
    examples = run(properties | changes, tmp_path / "out")
    assert sorted(reads) == sorted(map(str, data.rglob("*.png")))
    assert {content for content, _ in records_of(examples)} == set(pictures[:20])


def test_the_executor_reads_what_the_driver_could_not_keep(
    data: Path, tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(path.stat().st_size for path in data.rglob("*.png"))
    monkeypatch.setattr(contents.READ_BY_DRIVER, "limit", size // 2)
    properties = properties_of(data, tmp_path / "listing")
    changes = component.Driver(None).changes(properties, {})
    assert len(records_of(run(properties | changes, tmp_path / "out"))) == 20
    assert 29 <= len(reads) <= 31
    assert len(set(reads)) == 20


def test_contents_are_given_once_and_only_for_the_state_that_they_were_read_in() -> None:
    kept = contents.Contents(limit=10)
    kept.keep("a", b"12345", state=1)
    kept.keep("b", b"12345", state=1)
    kept.keep("c", b"1", state=1)
    assert kept.take("c", 1) is None  # There was no room for it.
    assert kept.take("a", 1) == b"12345"
    assert kept.take("a", 1) is None
    assert kept.take("b", 2) is None
    kept.keep("c", b"1234567890", state=1)
    assert kept.take("c", 1) == b"1234567890"

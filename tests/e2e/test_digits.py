"""The default that ships, end to end: pushed, unchanged, refused, stopped, failed."""

import base64
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from components.image_example_gen.hash_split import split_of
from modules import features
from pipeline.compiled import read_compiled
from pipeline.state.node_records import read_all, seconds_by_name
from pipeline.state.root import Root
from tests.conftest import GLYPHS, PROJECT
from tests.e2e.thaw import DIGITS, Done, summary_in, thaw, tree

pytestmark = pytest.mark.e2e

IMAGES = PROJECT / "data" / "digits"
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
NODES = {
    "image_example_gen", "statistics_gen", "curated_schema", "example_validator", "data_check",
    "transform", "trainer", "baseline", "evaluator", "infra_check", "gate",
    "model_card", "pusher", "run_summary",
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits") / "root"


@pytest.fixture(scope="module")
def first(root: Path) -> tuple[Done, dict[str, Any]]:
    extra = root.parent / "summary.json"
    done = thaw("run", DIGITS, "--root", root, "--summary", extra)
    assert done.code == 0, done.out + done.err
    assert json.loads(extra.read_text(encoding="utf-8")) == summary_in(root)
    return done, summary_in(root)


@pytest.fixture(scope="module")
def served(root: Path, first: tuple[Done, dict[str, Any]]) -> dict[str, bytes]:
    """What the first run pushed."""
    return tree(root / "serving")


def test_the_first_run_pushes_a_model_of_at_least_95_percent(
    root: Path, first: tuple[Done, dict[str, Any]]
) -> None:
    done, summary = first
    assert summary["status"] == "pushed"
    assert summary["metrics"]["candidate"]["overall"]["accuracy"] >= 0.95
    assert summary["metrics"]["baseline"] is None
    assert "no baseline yet" in summary["gate"]["sentence"]
    assert summary["gate"]["verdict"] == "blessed"
    assert summary["infra"]["passed"]
    assert summary["labels"] == [str(digit) for digit in range(10)]
    version = Path(summary["serving_dir"]) / str(summary["model_version"])
    assert (version / "saved_model.pb").is_file()
    assert f"pushed version {summary['model_version']}" in done.out


def test_the_summary_says_what_was_done(first: tuple[Done, dict[str, Any]]) -> None:
    done, summary = first
    for stage in summary["stages"]:
        assert len(stage["validation_accuracy"]) == stage["epochs"] == len(stage["train_loss"])
        lines = [line for line in done.out.splitlines() if f"stage={stage['name']} " in line]
        assert len(lines) == stage["epochs"]
        assert lines[0].startswith(f"trainer stage={stage['name']} epoch=1/")
    assert sum(stage["shipped"] for stage in summary["stages"]) == 1
    splits = summary["data"]["images"]
    assert sum(sum(counts.values()) for counts in splits.values()) == 1797
    assert summary["data"]["quarantined"]["by_reason"] == {}
    assert set(summary["seconds"]) == NODES | {"prepare", "total"}
    assert summary["peak_rss_mb"] > 100
    assert {"tensorflow", "tfx", "apache-beam", "python"} <= set(summary["versions"])


def test_each_node_is_recorded_in_order_and_the_summary_has_its_seconds(
    root: Path, first: tuple[Done, dict[str, Any]]
) -> None:
    _, summary = first
    records = read_all(Root(root).node_records(summary["run_id"]))
    compiled = read_compiled(Root(root).compiled)
    assert [record.node for record in records] == [node.id for node in compiled.nodes]
    assert {record.state for record in records} == {"complete"}
    seconds = {key: value for key, value in summary["seconds"].items() if key in NODES}
    assert seconds_by_name(records) == seconds
    assert compiled.trainer is not None
    assert compiled.trainer.sha256 == summary["backbone"]["sha256"]


def test_the_test_split_is_what_its_hash_says(first: tuple[Done, dict[str, Any]]) -> None:
    _, summary = first
    contents = [path.read_bytes() for path in IMAGES.rglob("*.png")]
    expected = sum(split_of(content, SHARES) == features.TEST for content in contents)
    assert summary["metrics"]["candidate"]["overall"]["images"] == expected
    assert sum(summary["data"]["images"]["test"].values()) == expected


def test_an_unchanged_second_run_does_nothing(
    root: Path, first: tuple[Done, dict[str, Any]], served: dict[str, bytes]
) -> None:
    _, before = first
    done = thaw("run", DIGITS, "--root", root)
    assert done.code == 0, done.err
    after = summary_in(root)
    assert after["status"] == "unchanged"
    assert after["run_id"] != before["run_id"]
    for key in ("metrics", "serving_dir", "model_version", "labels", "gate", "data"):
        assert after[key] == before[key]
    assert tree(root / "serving") == served
    assert "trainer stage=" not in done.out
    assert "evaluator has nothing new" in done.out


def test_labels_of_known_images_are_right(root: Path, served: dict[str, bytes]) -> None:
    assert served
    held_out = [
        path
        for path in sorted(IMAGES.rglob("*.png"))
        if split_of(path.read_bytes(), SHARES) == features.TEST
    ][::9]
    done = thaw("predict", DIGITS, "--root", root, "--json", *held_out)
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    hits = [row["label"] == Path(row["image"]).parent.name for row in rows]
    assert len(rows) == len(held_out)
    assert sum(hits) >= 0.9 * len(hits)
    for row in rows:
        assert sum(row["scores"].values()) == pytest.approx(1.0, abs=1e-4)
        assert max(row["scores"], key=row["scores"].get) == row["label"]


def test_the_pushed_model_answers_a_rest_request_and_survives_a_broken_one(
    root: Path, first: tuple[Done, dict[str, Any]]
) -> None:
    _, summary = first
    version = root / "serving" / str(summary["model_version"])
    serve = tf.saved_model.load(str(version)).signatures["serving_default"]
    content = (IMAGES / "7" / "0007.png").read_bytes()
    body = json.dumps({"instances": [{"b64": base64.b64encode(content).decode()}]})
    sent = [base64.b64decode(instance["b64"]) for instance in json.loads(body)["instances"]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        serve(image_bytes=tf.constant([content, b"broken"]))
    answer = serve(image_bytes=tf.constant(sent * 70))
    assert answer["scores"].shape == (70, 10)
    assert set(answer["label"].numpy()) == {b"7"}


def test_evaluation_and_serving_give_the_same_scores(
    root: Path, first: tuple[Done, dict[str, Any]]
) -> None:
    _, summary = first
    version = root / "serving" / str(summary["model_version"])
    signatures = tf.saved_model.load(str(version)).signatures
    pattern = str(root / "artifacts" / "ImageExampleGen" / "examples" / "*" / "Split-test" / "*")
    records = list(tf.data.TFRecordDataset(tf.io.gfile.glob(pattern)).as_numpy_iterator())
    spec = {features.IMAGE_BYTES: tf.io.FixedLenFeature((), tf.string)}
    images = tf.io.parse_example(records, spec)[features.IMAGE_BYTES]
    served = signatures["serving_default"](image_bytes=images)["scores"]
    judged = signatures["serving_examples"](examples=tf.constant(records))["scores"]
    assert float(tf.reduce_max(tf.abs(served - judged))) <= 1e-6


def test_versions_lists_what_was_pushed(root: Path, first: tuple[Done, dict[str, Any]]) -> None:
    _, summary = first
    done = thaw("versions", DIGITS, "--root", root, "--json")
    (row,) = json.loads(done.out)
    assert row["version"] == summary["model_version"]
    assert row["run_id"] == summary["run_id"]
    assert row["metrics"] == summary["metrics"]["candidate"]


def test_shuffled_labels_are_refused_and_the_served_model_stays(
    root: Path, served: dict[str, bytes], tmp_path: Path
) -> None:
    paths = sorted(IMAGES.rglob("*.png"))
    labels = [path.parent.name for path in paths]
    random.Random(0).shuffle(labels)
    for path, label in zip(paths, labels, strict=True):
        (tmp_path / "shuffled" / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "shuffled" / label / path.name)
    changes = (
        *("--set", f"data.path={tmp_path / 'shuffled'}"),
        *("--set", "finetune.stages=[{name: head, epochs: 2, learning_rate: 0.01}]"),
    )
    for attempt in range(2):
        done = thaw("run", DIGITS, "--root", root, *changes)
        assert done.code == 3, done.out + done.err
        summary = summary_in(root)
        assert summary["status"] == "rejected"
        assert summary["gate"]["verdict"] == "refused"
        failed = [rule["name"] for rule in summary["gate"]["rules"] if not rule["passed"]]
        assert "min_accuracy" in failed
        # On shuffled test labels the served model is as bad: only the absolute rule can tell.
        assert summary["metrics"]["baseline"]["overall"]["accuracy"] < 0.5
        assert tree(root / "serving") == served
        assert ("trainer stage=" in done.out) == (attempt == 0)


def test_an_anomaly_stops_the_run_before_transform(
    root: Path, served: dict[str, bytes], tmp_path: Path
) -> None:
    text = (PROJECT / "modules" / "schema.pbtxt").read_text(encoding="utf-8")
    known = " ".join(f'value: "{digit}"' for digit in range(9))
    schema = tmp_path / "schema.pbtxt"
    schema.write_text(
        text.replace('name: "label" type: BYTES', 'name: "label" type: BYTES domain: "digit"')
        + f'string_domain {{ name: "digit" {known} }}\n',
        encoding="utf-8",
    )
    done = thaw("run", DIGITS, "--root", root, "--set", f"data.schema={schema}")
    assert done.code == 2
    assert "train: label: Unexpected string values" in done.err
    assert "Traceback" not in done.out + done.err
    summary = summary_in(root)
    assert summary["status"] == "failed"
    assert "label" in summary["error"]
    assert "example_validator" in summary["seconds"]
    assert "transform" not in summary["seconds"]
    assert tree(root / "serving") == served


def test_a_stage_that_fails_ends_with_1_and_leaves_a_summary(
    root: Path, served: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = thaw("run", DIGITS, "--root", root, "--set", f"push.serving_dir={tmp_path / 'file'}")
    assert done.code == 1
    assert "pusher failed: push of run" in done.err
    assert "File exists" in done.err
    assert "Traceback" not in done.out + done.err
    assert summary_in(root)["status"] == "failed"
    assert tree(root / "serving") == served
    log = root / "runs" / summary_in(root)["run_id"] / "tfx.log"
    assert "Traceback" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["backbone.handle=/nowhere"], "backbone.handle: /nowhere does not exist"),
        (["data.path=/nowhere"], "data.path: /nowhere does not exist"),
        (["finetune.stages=[{name: a, unfreeze: {last: 99}}]"], "has 5 blocks"),
        (["finetune.stages=[{name: a, unfreez: all}]"], "did you mean unfreeze?"),
    ],
)
def test_a_wrong_config_ends_with_2_and_one_line(
    changes: list[str], message: str, tmp_path: Path
) -> None:
    options = [part for change in changes for part in ("--set", change)]
    done = thaw("run", DIGITS, "--root", tmp_path / "root", *options)
    assert done.code == 2
    (line,) = done.err.strip().splitlines()
    assert message in line
    assert "example_gen" not in done.out


def test_another_configs_root_is_refused(root: Path, served: dict[str, bytes]) -> None:
    assert served
    other = DIGITS.with_name("sign_language.yaml")
    done = thaw("run", other, "--root", root, "--set", f"backbone.handle={GLYPHS}")
    assert done.code == 2
    assert "belongs to" in done.err

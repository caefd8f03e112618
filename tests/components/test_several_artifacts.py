"""Nodes that read images take those of several Examples artifacts together."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tfx.components.infra_validator import executor as infra_validator
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils

from components import artifacts
from components.data_check.component import DataCheck
from components.evaluator import component as evaluator
from components.exports import component as exports
from components.infra_check import component as infra_check
from components.infra_check.executor import DockerExecutor
from components.model_card import component as model_card
from components.records.card import Card
from components.records.data import FINGERPRINT, REPORT_FILE, DataRecord
from components.warm_start import component as warm_start
from modules import model_layout
from modules.errors import InputError
from modules.gate import tfma_config
from modules.images import shard_labels
from modules.images.shard_labels import SpanPart
from modules.settings import Evaluation, Infra
from tests.modules.images.test_shards import write_records

ROWS = {
    1: {"train": [b"a", b"b"], "validation": [b"c"], "test": [b"d", b"e"]},
    2: {"train": [b"a", b"f"], "validation": [b"g"], "test": [b"h"]},
}


def artifact(kind: type[Any], uri: Path) -> Any:
    result = kind()
    result.uri = str(uri)
    uri.mkdir(parents=True, exist_ok=True)
    return result


def of_span(folder: Path, number: int) -> tuple[Any, Any]:
    """The Examples and the Ingestion of a span; a test image, e, is of a class of its own."""
    examples = artifact(standard_artifacts.Examples, folder / f"examples-{number}")
    examples.split_names = artifact_utils.encode_split_names(["train", "validation", "test"])
    examples.set_string_custom_property(FINGERPRINT, f"f{number}")
    labels, digests = {}, {}
    for split, contents in ROWS[number].items():
        name = f"Split-{split}/0"
        labels[name] = ["fox" if content == b"e" else "cat" for content in contents]
        digests[name] = "".join(
            content.hex().rjust(shard_labels.DIGITS, "0") for content in contents
        )
        rows = list(zip(contents, labels[name], strict=True))
        write_records(Path(examples.uri, name), rows)
    shard_labels.write(examples.uri, f"f{number}", labels, SpanPart(number, digests=digests))
    ingestion = artifact(artifacts.Ingestion, folder / f"ingestion-{number}")
    images = {split: Counter(labels[f"Split-{split}/0"]) for split in ROWS[number]}
    report = {"span": number, "images": images}
    Path(ingestion.uri, REPORT_FILE).write_text(json.dumps(report), encoding="utf-8")
    return examples, ingestion


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, list[Any]]:
    """What nodes take, of two spans; an image of the first is in the second too."""
    spans = [of_span(tmp_path, number) for number in (2, 1)]
    single = {
        "model": standard_artifacts.Model, "evaluation": standard_artifacts.ModelEvaluation,
        "schema": standard_artifacts.Schema, "baseline": artifacts.Baseline,
        "model_blessing": standard_artifacts.ModelBlessing,
        "infra_blessing": standard_artifacts.InfraBlessing,
        "model_run": standard_artifacts.ModelRun,
    }  # fmt: skip
    return {
        "examples": [examples for examples, _ in spans],
        "ingestion": [ingestion for _, ingestion in spans],
        **{key: [artifact(kind, tmp_path / key)] for key, kind in single.items()},
    }


def images_of(patterns: Sequence[str]) -> list[str]:
    return [Path(pattern).parts[-3] for pattern in patterns]


def test_the_infra_check_sends_test_images_of_all(
    inputs: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []

    def check(model: str, samples: list[Any], options: Infra) -> Any:
        sent.extend(sample.image for sample in samples)
        record = SimpleNamespace(as_text=lambda: "")
        return SimpleNamespace(passed=True, as_record=lambda: record)

    monkeypatch.setattr(infra_check, "check", check)
    monkeypatch.setattr(infra_check, "read_scores", lambda folder, limit: {})
    monkeypatch.setattr(infra_check, "write_infra", lambda folder, record: None)
    blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")
    properties = {"options": Infra().model_dump_json()}
    infra_check.Executor().Do(inputs, {"blessing": [blessing]}, properties)
    assert sent == [b"d", b"h"]


def test_tfxs_validator_gets_the_latest_artifact_that_has_a_test_image(
    inputs: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(
        infra_validator.Executor, "Do", lambda self, given, *_: taken.extend(given["examples"])
    )
    empty = artifact(standard_artifacts.Examples, tmp_path / "examples-3")
    shard_labels.write(empty.uri, "f3", {"Split-test/0": []}, SpanPart(3))
    inputs["examples"].insert(0, empty)
    DockerExecutor().Do(inputs, {}, {})
    assert [Path(each.uri).name for each in taken] == ["examples-2"]


def test_the_evaluator_reads_test_images_of_all(
    inputs: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(evaluator, "evaluate", lambda pipeline, **job: asked.update(job))
    monkeypatch.setattr(evaluator, "read_choice", lambda folder: None)
    monkeypatch.setattr(evaluator, "write_compared", lambda folder, baseline: None)
    monkeypatch.setattr(io_utils.SchemaReader, "read", lambda self, path: None)
    (tmp_path / "schema" / "schema.pbtxt").touch()
    evaluation = artifact(standard_artifacts.ModelEvaluation, tmp_path / "result")
    properties = {"options": Evaluation().model_dump_json()}
    evaluator.Executor().Do(inputs, {"evaluation": [evaluation]}, properties)
    assert images_of(asked["patterns"]) == ["examples-2", "examples-1"]


def test_exports_are_compared_on_images_of_all(
    inputs: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[dict[str, Any]] = []
    monkeypatch.setattr(exports, "make", lambda kind, job, folder, least: jobs.append(job))
    monkeypatch.setattr(exports, "write_exports", lambda folder, records: None)
    inputs["model_blessing"][0].set_int_custom_property("blessed", 1)
    properties = {"kinds": '["tflite_int8"]', "image": "{}", "min_agreement": 0.9}
    outputs = {"exports": [artifact(artifacts.Exports, tmp_path / "exports")]}
    exports.Executor().Do(inputs, outputs, properties)
    (job,) = jobs
    assert images_of(job["test"]) == images_of(job["sample"]) == ["examples-2", "examples-1"]


def test_a_warm_start_is_of_the_data_of_all_whatever_their_order(
    inputs: dict[str, list[Any]], tmp_path: Path
) -> None:
    properties = {"recipe": "r", "serving_dir": str(tmp_path / "serving")}

    def task_of(examples: list[Any]) -> str:
        return warm_start.Driver(None).changes(properties, {"examples": examples})["task"]

    both = inputs["examples"]
    assert task_of(both) == task_of(both[::-1])
    assert len({task_of(both), task_of(both[:1]), task_of(both[1:])}) == 3


def checked(inputs: dict[str, list[Any]], folder: Path, min_examples: int) -> None:
    taken = {key: inputs[key] for key in ("examples", "ingestion")}
    verdict = artifact(artifacts.Verdict, folder / "verdict")
    properties: dict[str, Any] = {"split_book": "", "min_examples": min_examples, "min_others": 0}
    properties |= {"counts": "yes", "accepted": ""}
    DataCheck.EXECUTOR_SPEC.executor_class().Do(taken, {"verdict": [verdict]}, properties)


def test_data_check_judges_what_is_used_of_all_together(
    inputs: dict[str, list[Any]], tmp_path: Path
) -> None:
    message = (
        r"training cannot start: test: 2 images, and evaluation\.min_examples asks for 3; add or "
        r"correct images, take more spans into data\.window, change the shares"
    )
    with pytest.raises(InputError, match=message):
        checked(inputs, tmp_path, 3)


def test_the_card_names_every_span(
    inputs: dict[str, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields: dict[str, Any] = {}

    def validate(these: dict[str, Any]) -> Any:
        fields.update(these)
        return SimpleNamespace(write=lambda folder: None)

    monkeypatch.setattr(Card, "model_validate", validate)
    score = SimpleNamespace()
    monkeypatch.setattr(tfma_config, "read_scores", lambda folder: (score, None))
    history = dict.fromkeys(["schedule", "warm_start", "stages", "shipped"])
    monkeypatch.setattr(model_layout, "read_history", lambda folder: history)
    monkeypatch.setattr(model_layout, "read_labels", lambda folder: ["cat"])
    monkeypatch.setattr(model_card, "read_gate", lambda folder: [None])
    monkeypatch.setattr(model_card, "read_infra", lambda folder: None)
    outputs = {"card": [artifact(artifacts.ModelCard, tmp_path / "card")]}
    properties = {"versions": "{}", "backbone": "{}", "source": "s"}
    model_card.Executor().Do(inputs, outputs, properties)
    data = fields["data"]
    assert isinstance(data, DataRecord)
    assert data.spans is not None
    assert [(span.span, span.images) for span in data.spans] == [(1, 3), (2, 4)]
    assert (data.repeated, data.contradicted, data.unseen_class) == (1, 0, 1)
    assert data.images == {"train": {"cat": 3}, "validation": {"cat": 2}, "test": {"cat": 2}}
    assert data.fingerprint not in ("f1", "f2", None)

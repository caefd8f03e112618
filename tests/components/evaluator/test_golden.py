"""The answers to a golden set lie apart, and lead to a verdict and to figures."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from components.artifacts import Baseline as BaselineArtifact
from components.evaluator import component
from components.gate import judge
from components.model_card.component import golden_figures
from components.records.data import FINGERPRINT
from components.records.evaluation import read_golden, write_compared, write_golden
from components.records.infra import InfraRecord
from components.records.model import GoldenRecord
from modules.gate import predictions, tfma_config
from modules.gate.predictions import CANDIDATE
from modules.gate.verdict import Baseline
from modules.settings import Evaluation

NONE = Baseline(None, "there is no baseline yet")


def write_rows(folder: Path, prefix: str, images: dict[str, tuple[str, float]]) -> None:
    """Writes rows of images, each with its label and the score of class a."""
    predictions.write_labels(folder, {CANDIDATE: ["a", "b"]})
    with tf.io.TFRecordWriter(str(folder / f"{prefix}-00000-of-00001")) as writer:
        for name, (label, score) in images.items():
            scores = {CANDIDATE: [score, 1 - score]}
            writer.write(predictions.row(name.encode(), label.encode(), scores, {}))


@pytest.fixture
def evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty test images that are all right, and ten golden ones, of which two are wrong."""
    test = {f"test {n}": ("ab"[n % 2], 0.9 - 0.8 * (n % 2)) for n in range(40)}
    golden = {f"golden {n}": ("a", 0.1 if n < 2 else 0.9) for n in range(10)}
    write_rows(tmp_path, predictions.ROWS, test)
    write_rows(tmp_path, predictions.GOLDEN_ROWS, golden)
    write_compared(tmp_path, NONE)
    monkeypatch.setattr(tfma_config, "threshold_failures", lambda folder: [])
    return tmp_path


def judged(evaluation: Path, **options: float) -> dict[str, Any]:
    infra = InfraRecord(passed=True, problems=())
    asked = Evaluation.model_validate(options)
    return judge.judge_candidate(str(evaluation), infra, asked).as_json()


def test_only_the_golden_rules_see_golden_images(evaluation: Path) -> None:
    without = judged(evaluation)
    assert "golden_accuracy" not in {rule["name"] for rule in without["rules"]}
    write_golden(evaluation, "f")
    verdict = judged(evaluation)
    rules = {rule["name"]: rule for rule in verdict["rules"]}
    assert (rules["golden_accuracy"]["value"], rules["golden_accuracy"]["n"]) == (0.8, 10)
    assert [rule for rule in verdict["rules"] if rule["name"] != "golden_accuracy"] == without[
        "rules"
    ]
    assert verdict["n"] == 40
    assert (
        "golden accuracy 0.80 on 10 golden images of 1 class; the golden set has no image of 'b'"
        in (verdict["sentence"])
    )


def test_a_candidate_below_the_least_golden_accuracy_is_refused(evaluation: Path) -> None:
    write_golden(evaluation, "f")
    verdict = judged(evaluation, golden_accuracy=0.9)
    assert verdict["verdict"] == "refused"
    assert verdict["sentence"].startswith("refused: golden_accuracy: accuracy 0.80, must be at")


def test_the_card_takes_the_figures_of_a_golden_set_that_was_evaluated(evaluation: Path) -> None:
    assert golden_figures(evaluation) is None
    write_golden(evaluation, "f")
    record = GoldenRecord.model_validate(golden_figures(evaluation))
    assert (record.fingerprint, record.images, record.candidate.accuracy) == ("f", 10, 0.8)
    assert (record.missing_labels, record.unknown_labels) == (("b",), ())


@pytest.mark.parametrize("has_golden", [False, True])
def test_the_evaluator_hands_the_golden_images_on_and_keeps_whose_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_golden: bool
) -> None:
    asked: dict[str, Any] = {}

    def evaluate(make_pipeline: object, **arguments: Any) -> Baseline:
        asked.update(arguments)
        return NONE

    def artifact(kind: type[Any], name: str, splits: str = "") -> Any:
        one = kind()
        one.uri = str(tmp_path / name)
        Path(one.uri).mkdir()
        if splits:
            one.split_names = splits
        return one

    monkeypatch.setattr(component, "evaluate", evaluate)
    monkeypatch.setattr(component, "read_choice", lambda folder: None)
    monkeypatch.setattr(io_utils, "SchemaReader", lambda: type("R", (), {"read": str}))
    monkeypatch.setattr(io_utils, "get_only_uri_in_dir", str)
    inputs = {
        "examples": [artifact(standard_artifacts.Examples, "examples", '["train", "test"]')],
        "schema": [artifact(standard_artifacts.Schema, "schema")],
        "model": [artifact(standard_artifacts.Model, "model")],
        "baseline": [artifact(BaselineArtifact, "baseline")],
    }
    if has_golden:
        golden = artifact(standard_artifacts.Examples, "golden", '["golden"]')
        golden.set_string_custom_property(FINGERPRINT, "f")
        inputs["golden"] = [golden]
    output = artifact(standard_artifacts.ModelEvaluation, "evaluation")
    properties = {"options": Evaluation().model_dump_json()}
    component.Executor().Do(inputs, {"evaluation": [output]}, properties)
    assert asked["golden"] == (f"{tmp_path}/golden/Split-golden/*" if has_golden else "")
    assert read_golden(Path(output.uri)) == ("f" if has_golden else "")

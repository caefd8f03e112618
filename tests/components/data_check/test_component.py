"""DataCheck as TFX calls it: counts that ingestion wrote, against what the gate asks for."""

import contextlib
import json
from pathlib import Path

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components import artifacts
from components.data_check.component import DataCheck
from components.data_check.new_values import Accepted
from components.records import split_book
from modules import features
from modules.errors import InputError

ENTRY = split_book.Entry("d1", "a", "a/1.png", "test", "", "")


def checked(
    folder: Path,
    tested: int,
    min_examples: int,
    span: int | None = None,
    accepted: Accepted | None = None,
) -> Path:
    """Runs the node's executor on so many test images of two classes; gives the verdict."""
    anomalies, ingestion = standard_artifacts.ExampleAnomalies(), artifacts.Ingestion()
    verdict = artifacts.Verdict()
    anomalies.split_names = artifact_utils.encode_split_names(list(features.SPLITS))
    inputs = {"anomalies": anomalies, "ingestion": ingestion}
    for name, artifact in {**inputs, "verdict": verdict}.items():
        artifact.uri = str(folder / name)
        Path(artifact.uri).mkdir()
    for split in features.SPLITS:
        path = Path(artifact_utils.get_split_uri([anomalies], split), "SchemaDiff.pb")
        path.parent.mkdir()
        path.touch()
    counts = {"train": 64, "validation": 8, "test": tested}
    images = {split: {"a": n // 2, "b": n - n // 2} for split, n in counts.items()}
    report = {"images": images, "span": span}
    (folder / "ingestion" / "ingestion.json").write_text(json.dumps(report))
    split_book.write_entries(folder / "ingestion", [ENTRY])
    node = DataCheck.EXECUTOR_SPEC.executor_class()
    node.Do(
        {name: [artifact] for name, artifact in inputs.items()},
        {"verdict": [verdict]},
        {
            "source": "",
            "split_book": str(folder / "splits.json"),
            "min_examples": min_examples,
            "min_others": 0,
            "counts": "yes",
            "accepted": accepted.as_text() if accepted else "",
        },
    )
    return folder / "verdict" / "verdict.json"


def test_as_many_test_images_as_the_gate_asks_for_are_enough(tmp_path: Path) -> None:
    assert json.loads(checked(tmp_path, 30, 30).read_text()) == {"problems": []}


@pytest.mark.parametrize(
    ("tested", "message"),
    [
        (8, "test: 8 images, and evaluation.min_examples asks for 30; add or correct images, ch"),
        (0, "test: no image at all; add or correct images, or change the shares in data.splits"),
    ],
)
def test_fewer_stop_the_run_before_it_trains(tmp_path: Path, tested: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked(tmp_path, tested, 30)
    assert not (tmp_path / "verdict" / "verdict.json").exists()


def test_the_splits_of_a_span_are_entered_when_its_data_has_passed(tmp_path: Path) -> None:
    checked(tmp_path, 30, 30, span=1)
    assert split_book.read(tmp_path / "splits.json").splits == {"d1": "test"}


def test_the_splits_of_a_refused_span_and_of_data_without_spans_are_not_entered(
    tmp_path: Path,
) -> None:
    for name, tested, span in (("refused", 8, 1), ("no span", 30, None)):
        (tmp_path / name).mkdir()
        with contextlib.suppress(InputError):
            checked(tmp_path / name, tested, 30, span)
        assert not (tmp_path / name / "splits.json").exists()


def test_a_class_that_is_not_accepted_stops_the_run_with_the_command_that_accepts_it(
    tmp_path: Path,
) -> None:
    message = (
        r"^data: new: class 'b' \(51 images\); correct the images, or, if this is right, accept it "
        r"and run again: thaw schema accept /c\.yaml label=b --by NAME$"
    )
    with pytest.raises(InputError, match=message):
        checked(tmp_path, 30, 30, 3, Accepted({"label": ["a"]}, "/c.yaml"))
    assert not (tmp_path / "splits.json").exists()

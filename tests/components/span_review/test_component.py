"""SpanReview as TFX calls it."""

import json
from pathlib import Path
from typing import Any

from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Ingestion
from components.artifacts import SpanReview as SpanReviewArtifact
from components.records.span_decisions import read_review
from components.span_review.component import Driver, Executor
from modules import features
from tests.components.serving.processes import model
from tests.components.span_review import digit_spans

ONES = {"1": (0.5, 30)}  # what the version reached on them itself


def examples(folder: Path, contents: list[bytes], labels: list[str]) -> Any:
    """An Examples artifact with ``labels``, a split whose records hold no image."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(["labels", features.TRAIN])
    digit_spans.write_split(folder / "Split-train" / "shard", contents, labels)
    digit_spans.write_split(folder / "Split-labels" / "shard", [b""], ["0"])
    return artifact


def test_all_images_of_all_artifacts_are_reviewed_and_no_other_record(tmp_path: Path) -> None:
    digit_spans.write_version(tmp_path / "serving" / "3", ONES)
    contents, labels = digit_spans.span(120)
    ingestion, review = Ingestion(), SpanReviewArtifact()
    ingestion.uri, review.uri = str(tmp_path / "ingestion"), str(tmp_path / "review")
    (tmp_path / "ingestion").mkdir()
    (tmp_path / "ingestion" / "ingestion.json").write_text(json.dumps({"span": 6}))
    Executor().Do(
        {
            "examples": [
                examples(tmp_path / "first", contents[20:], labels[20:]),
                examples(tmp_path / "second", contents[:20], labels[:20]),
            ],
            "ingestion": [ingestion],
        },
        {"review": [review]},
        {"serving_dir": str(tmp_path / "serving"), "version": "3", "min_agreement": 0.7},
    )
    record = read_review(tmp_path / "review")
    assert record.agreement is not None
    assert (record.agreement.images, record.agreement.unanswered) == (120, 0)
    assert record.state == "accepted"
    assert "Review of span 6" in (tmp_path / "review" / "sheet.html").read_text()


def test_the_served_version_is_a_property_and_so_part_of_the_caches_key(tmp_path: Path) -> None:
    def served() -> dict[str, str]:
        return Driver(None).changes({"serving_dir": str(tmp_path)}, {})

    assert served() == {"version": ""}
    for version in ("4", "12"):
        model(tmp_path / version, parts=2)
    (tmp_path / "13").mkdir()  # is no version
    assert served() == {"version": "12"}

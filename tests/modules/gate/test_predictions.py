"""What an evaluation keeps of each image, and what is read from it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules.gate import predictions
from modules.gate.metrics import metric_of
from modules.gate.predictions import BASELINE, CANDIDATE
from modules.gate.slices import slices_of
from tests.modules.gate import answers as made_up

ROWS = [  # image, label, candidate's scores over a b c, baseline's over a b
    (b"one", "a", [0.7, 0.2, 0.1], [0.9, 0.1]),
    (b"two", "b", [0.4, 0.35, 0.25], [0.2, 0.8]),
    (b"three", "c", [0.1, 0.1, 0.8], [0.6, 0.4]),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    predictions.write_labels(tmp_path, {CANDIDATE: ["a", "b", "c"], BASELINE: ["a", "b"]})
    with tf.io.TFRecordWriter(str(tmp_path / f"{predictions.ROWS}-00000-of-00001")) as writer:
        for place, (image, label, ours, theirs) in enumerate(ROWS):
            more = {"brightness": place / 2, "camera": f"é{place}".encode(), "lens": None}
            scores = {CANDIDATE: ours, BASELINE: theirs}
            writer.write(predictions.row(image, label.encode(), scores, more))
    return tmp_path


def test_rows_are_read_as_they_were_written_in_an_order_that_hangs_on_the_images(
    folder: Path,
) -> None:
    stored = predictions.read(str(folder))
    order = sorted(range(3), key=lambda i: hashlib.sha256(ROWS[i][0]).hexdigest())
    assert list(stored.label) == [ROWS[i][1] for i in order]
    assert list(stored.candidate.rank) == [[0, 1, 0][i] for i in order]
    assert list(stored.candidate.confidence) == pytest.approx([[0.7, 0.4, 0.8][i] for i in order])
    assert list(stored.features["brightness"]) == pytest.approx([i / 2 for i in order])
    assert list(stored.features["camera"]) == [f"é{i}" for i in order]
    assert "lens" not in stored.features


def test_a_class_that_a_model_does_not_know_is_never_a_hit(folder: Path) -> None:
    stored = predictions.read(str(folder))
    assert stored.baseline is not None
    of_c = stored.baseline.of(stored.label == "c")
    assert list(of_c.rank) == [2]
    assert metric_of("top_2").value(of_c) == 0.0
    assert metric_of("top_9").value(of_c) == 0.0


def test_scores_are_found_by_the_sha256_of_the_images_bytes(folder: Path) -> None:
    result = predictions.read_scores(str(folder))
    assert result[hashlib.sha256(b"two").hexdigest()] == pytest.approx([0.4, 0.35, 0.25])
    assert len(predictions.read_scores(str(folder), 2)) == 2


def test_equal_scores_are_ranked_as_argmax_ranks_them(tmp_path: Path) -> None:
    predictions.write_labels(tmp_path, {CANDIDATE: ["a", "b"]})
    with tf.io.TFRecordWriter(str(tmp_path / f"{predictions.ROWS}-0")) as writer:
        for label in ("a", "b"):
            writer.write(
                predictions.row(label.encode(), label.encode(), {CANDIDATE: [0.5, 0.5]}, {})
            )
    stored = predictions.read(str(tmp_path))
    assert dict(zip(stored.label, stored.candidate.rank, strict=True)) == {"a": 0, "b": 1}
    assert stored.baseline is None


def test_rare_values_of_a_text_are_judged_together_and_missing_numbers_apart() -> None:
    names = [f"v{i:02d}" for i in range(60) for _ in range(2 if i < 50 else 1)]
    numbers = [np.nan, *range(len(names) - 1)]
    answers = made_up.predictions([True] * len(names), features={"text": names, "number": numbers})
    by_text = {name: int(mask.sum()) for name, mask in slices_of(answers, "text")}
    assert by_text["text: the 10 rarer values"] == 10
    assert sum(by_text.values()) == len(names)
    by_number = {name: int(mask.sum()) for name, mask in slices_of(answers, "number")}
    assert by_number["number missing"] == 1
    assert sum(by_number.values()) == len(names)

"""A served version is asked about real digits, with right labels, wrong ones, and other images."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.records.span_decisions import ReviewRecord
from components.span_review.review import review
from modules import model_layout
from tests.components.span_review import digit_spans
from tests.conftest import encoded

Reviewed = Callable[..., tuple[ReviewRecord, str]]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A serving folder with version 3, which has always had trouble with ones."""
    folder = tmp_path_factory.mktemp("serving")
    digit_spans.write_version(folder / "3", {"1": (0.5, 30)})
    return folder


@pytest.fixture
def reviewed(serving: Path, tmp_path: Path) -> Reviewed:
    """Reviews a span of some images and labels; a fifth of them are test images."""

    def of(
        contents: Sequence[bytes], labels: Sequence[str], folder: Path = serving
    ) -> tuple[ReviewRecord, str]:
        part = len(labels) // 5
        shards = {
            "train": [digit_spans.write_split(tmp_path / "a", contents[part:], labels[part:])],
            "test": [digit_spans.write_split(tmp_path / "b", contents[:part], labels[:part])],
        }
        return review(folder, 3, shards, 0.7, span=6)

    return of


def test_a_clean_span_is_accepted_with_the_figures(reviewed: Reviewed) -> None:
    record, sheet = reviewed(*digit_spans.span())
    assert record.problems == ()
    assert record.state == "accepted"
    agreement = record.agreement
    assert agreement is not None
    assert (agreement.version, agreement.images) == (3, 300)
    assert agreement.agreement > 0.8
    assert agreement.held_out is not None
    assert agreement.held_out.images == 60
    assert record.sentence.startswith("version 3 agrees with the labels of 0.")
    assert 0 < sheet.count("<img ") <= 20


def test_two_swapped_classes_are_found_among_real_digits(reviewed: Reviewed) -> None:
    contents, labels = digit_spans.span()
    swap = {"3": "6", "6": "3"}
    record, sheet = reviewed(contents, [swap.get(label, label) for label in labels])
    assert record.state == "quarantined"
    assert {line.partition(":")[0] for line in record.problems} >= {"class '3'", "class '6'"}
    assert record.agreement is not None
    assert record.agreement.by_class["3"].other_label == "6"
    assert sheet.count("<img ") == 20


def test_wrong_labels_leave_the_model_as_sure_as_before_and_other_images_do_not(
    reviewed: Reviewed,
) -> None:
    contents, labels = digit_spans.span()
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    (wrong, _) = reviewed(contents, shuffled)
    pale = [
        encoded((tf.io.decode_png(content).numpy() * 0.3 + 120).astype(np.uint8))
        for content in contents
    ]
    (changed, _) = reviewed(pale, labels)
    clean = reviewed(contents, labels)[0].agreement
    assert wrong.state == changed.state == "quarantined"
    assert wrong.agreement
    assert changed.agreement
    assert clean
    assert wrong.agreement.score_disagreeing == pytest.approx(clean.score_agreeing, abs=0.05)
    assert wrong.agreement.answer_shift == pytest.approx(clean.answer_shift, abs=0.02)
    assert (changed.agreement.score_disagreeing or 0) < (clean.score_agreeing or 0) - 0.2
    assert changed.agreement.answer_shift > 0.2


def test_a_hard_class_counts_by_what_the_version_reached_itself(
    reviewed: Reviewed, tmp_path: Path
) -> None:
    digit_spans.write_version(tmp_path / "3")
    (line,) = reviewed(*digit_spans.span(), tmp_path)[0].problems
    assert line.startswith("class '1': the served model agrees with the labels of 13 of 31 images")
    assert reviewed(*digit_spans.span())[0].problems == ()


def test_an_image_that_the_version_cannot_read_is_counted_apart(reviewed: Reviewed) -> None:
    contents, labels = digit_spans.span(40)
    record, _ = reviewed([b"no image", *contents, b"\x89PNG"], ["0", *labels, "1"])
    assert record.agreement is not None
    assert (record.agreement.images, record.agreement.unanswered) == (40, 2)


def test_before_the_first_push_a_span_is_accepted(tmp_path: Path) -> None:
    record, sheet = review(tmp_path, None, {}, 0.7)
    assert record == ReviewRecord(agreement=None, reason="no version is served")
    assert record.state == "accepted"
    assert record.sentence == "not reviewed: no version is served"
    assert "<img " not in sheet


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "saved_model.pb").unlink(), "holds no saved_model.pb any more"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"\xff"), "cannot be read"),
        (lambda folder: (folder / model_layout.LABELS).unlink(), "it has no assets.extra/labels"),
        (
            lambda folder: (folder / "variables" / "variables.index").unlink(),
            "it failed (",
        ),
        (
            lambda folder: model_layout.write_labels(["a", "b"], folder),
            "scores are not one finite number for each of its labels",
        ),
        (
            lambda folder: model_layout.write_labels(list("abcdefghij"), folder),
            "it knows none of the span's classes '0', '1', '2', '3', '4' and 5 more",
        ),
    ],
)
def test_a_version_that_cannot_be_asked_is_a_reason_and_no_failure(
    reviewed: Reviewed, tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    digit_spans.write_version(tmp_path / "serving" / "3")
    damage(tmp_path / "serving" / "3")
    record, _ = reviewed(*digit_spans.span(50), tmp_path / "serving")
    assert record.agreement is None
    assert record.state == "accepted"
    assert record.sentence.startswith("not reviewed: version 3 was not asked, for ")
    assert reason in record.sentence


def test_a_version_of_another_program_is_not_asked(reviewed: Reviewed, tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "serving" / "3"))
    record, _ = reviewed(*digit_spans.span(10), tmp_path / "serving")
    assert "no signature serving_default, so Thaw did not export it" in record.reason

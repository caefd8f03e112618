"""Reviews a span: one pass of the served model over its images."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.records.model import ScoresRecord
from components.records.span_decisions import ReviewRecord
from components.records.summary import SUMMARY_FILE, scores_in
from components.serving.compatibility import problem_of
from components.span_review.agreement import Tally, problems
from components.span_review.answers import ServedModel, answers
from components.span_review.contact_sheet import AnsweredImage, MostConfident, as_html
from modules import model_layout
from modules.text import cause, quoted

NONE_SERVED = "no version is served"


def review(
    serving_dir: Path,
    version: int | None,
    shards: Mapping[str, Sequence[str]],
    min_agreement: float,
    span: int | None = None,
) -> tuple[ReviewRecord, str]:
    """The review of a span, and its contact sheet as HTML.

    A version that cannot be asked is the reason why there are no figures, and ends nothing: the
    span may be what its successor is trained on.

    Args:
        serving_dir: the folder of the versions.
        version: which of them is served; None for none.
        shards: by split, TFRecord files of the span's Examples.
        min_agreement: the least share of images for which the model's answer should be the label.
        span: the span's number; None where the data has none.
    """
    surest: list[AnsweredImage] = []
    if version is None:
        record = ReviewRecord(agreement=None, reason=NONE_SERVED)
    else:
        record, surest = _of_version(serving_dir / str(version), version, shards, min_agreement)
    sheet = as_html(span, record.agreement, record.problems, surest, record.reason)
    return record, sheet


def _of_version(
    folder: Path, version: int, shards: Mapping[str, Sequence[str]], min_agreement: float
) -> tuple[ReviewRecord, list[AnsweredImage]]:
    reason = problem_of(folder, [model_layout.SERVE_IMAGES])
    if reason:
        return _not_asked(version, reason), []
    surest = MostConfident()
    try:
        model = ServedModel(folder)
        tally = Tally(frozenset(model.labels))
        for image in answers(model, shards):
            if image is None:
                tally.unanswered += 1
                continue
            tally.add(image.answer)
            if not image.answer.agrees and image.answer.label in tally.known:
                surest.add(image)
    except Exception as error:  # Whatever it raises, the version cannot be asked.
        logging.getLogger("thaw").exception("version %s cannot be asked about the span", version)
        return _not_asked(version, f"it failed ({type(error).__name__}: {cause(error)})"), []
    agreement = tally.agreement(version)
    if agreement is None:
        reason = (
            f"it knows none of the span's classes {quoted(tally.unknown_labels)}"
            if tally.unknown_labels
            else "it could read none of the span's images"
        )
        return _not_asked(version, reason), []
    suspicions = problems(agreement, min_agreement, _reached(folder))
    return ReviewRecord(agreement=agreement, problems=tuple(suspicions)), surest.kept


def _not_asked(version: int, reason: str) -> ReviewRecord:
    return ReviewRecord(agreement=None, reason=f"version {version} was not asked, for {reason}")


def _reached(folder: Path) -> ScoresRecord | None:
    """The version's accuracy on its own test images; None where it is not known."""
    return scores_in(folder / model_layout.EXTRA / SUMMARY_FILE)

"""Whether a span's labels are to be trusted: how far a served model's answers agree with them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scipy import special

from components.records.base import Interval
from components.records.model import ScoreRecord, ScoresRecord
from components.records.spans import AgreementRecord, ClassAgreementRecord, ShareRecord
from modules import features, intervals
from modules.rounding import rounded, share
from modules.text import clipped, counted

_HELD_OUT = (features.VALIDATION, features.TEST)
_OF_HELD_OUT = "the images that no training sees"
_KEY = "retrain.quarantine.min_agreement"
_ENOUGH = 10  # images that show that a model cannot tell a class
_ERROR = 1 - intervals.LEVEL


@dataclass(frozen=True)
class Answer:
    """A model's answer to an image.

    Attributes:
        label: the image's, in the data.
        predicted: the class of the highest score.
        score: the highest score, in [0, 1].
        split: the image's.
    """

    label: str
    predicted: str
    score: float
    split: str

    @property
    def agrees(self) -> bool:
        """Whether the model agrees with the label."""
        return self.predicted == self.label


@dataclass
class Tally:
    """Counts answers as they come; it grows with the classes, and not with the images.

    Attributes:
        known: the classes that the model knows. Images of others count for nothing.
        unanswered: how many images the model could not read.
    """

    known: Collection[str]
    unanswered: int = 0
    _images: Counter[tuple[str, str]] = field(default_factory=Counter)  # by label and answer
    _held_out: Counter[bool] = field(default_factory=Counter)  # by whether it agrees
    _scores: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})  # sums
    _unknown: set[str] = field(default_factory=set)

    def add(self, answer: Answer) -> None:
        """Counts an answer."""
        if answer.label not in self.known:
            self._unknown.add(answer.label)
            return
        self._images[answer.label, answer.predicted] += 1
        self._held_out[answer.agrees] += answer.split in _HELD_OUT
        self._scores[answer.agrees] += answer.score

    @property
    def unknown_labels(self) -> tuple[str, ...]:
        """The labels that the model does not know."""
        return tuple(sorted(self._unknown))

    def agreement(self, version: int) -> AgreementRecord | None:
        """What was counted; None where the model knows none of the labels.

        Args:
            version: the model's.
        """
        by_label: dict[str, Counter[str]] = {}
        for (label, predicted), count in self._images.items():
            by_label.setdefault(label, Counter())[predicted] += count
        images = self._images.total()
        if not images:
            return None
        agreeing = sum(answers[label] for label, answers in by_label.items())
        held_out = self._held_out.total()
        return AgreementRecord(
            version=version,
            **_share(agreeing, images),
            by_class={label: _of_class(label, by_label[label]) for label in sorted(by_label)},
            held_out=ShareRecord(**_share(self._held_out[True], held_out)) if held_out else None,
            score_agreeing=self._mean_score(True, agreeing),
            score_disagreeing=self._mean_score(False, images - agreeing),
            answer_shift=rounded(_shift(by_label, images), images),
            unknown_labels=self.unknown_labels,
            unanswered=self.unanswered,
        )

    def _mean_score(self, agrees: bool, count: int) -> float | None:
        return round(self._scores[agrees] / count, 4) if count else None


def agreement(
    answers: Iterable[Answer], known: Collection[str], version: int
) -> AgreementRecord | None:
    """How far a model's answers agree with the labels; None where it knows none of these.

    Args:
        answers: to all images of a span.
        known: the classes that the model knows.
        version: the model's.
    """
    tally = Tally(known)
    for answer in answers:
        tally.add(answer)
    return tally.agreement(version)


def problems(
    agreed: AgreementRecord, min_agreement: float, reached: ScoresRecord | None = None
) -> list[str]:
    """Why a span is suspicious: a sentence for the whole and for each class with too little.

    Each of the k shares (of the whole, of the held-out images and of each class) has an exact
    interval (Clopper and Pearson 1934, Biometrika 26:404) of 1 - 0.05 / k, so that all of them
    together hold with 95 % (Bonferroni), however many classes there are. A share is too small if
    its interval lies wholly below the bound. So a class of few images is not suspicious by itself:
    with a bound of 0.7 it takes 6 images of 10 classes, or 7 of 100 classes, all of them wrong.

    Args:
        agreed: what was counted.
        min_agreement: the bound, in [0, 1].
        reached: the model's accuracy on the test images of its own training, None if unknown. Where
            it did not keep the bound on 10 images or more there, the lower end of that accuracy's
            interval is the bound: a class that the model never could tell says nothing against a
            span.

    Returns:
        The sentences; the whole first, then the classes with the least agreement.
    """
    classes = sorted(agreed.by_class.items(), key=lambda item: (item[1].agreement, item[0]))
    overall, by_class = (reached.overall, reached.by_class) if reached else (None, {})
    asked = 1 + (agreed.held_out is not None) + len(classes)
    lines = [
        _problem("the whole span", agreed, min_agreement, overall, asked),
        _problem(_OF_HELD_OUT, agreed.held_out, min_agreement, overall, asked),
    ]
    for label, of_class in classes:
        line = _problem(
            f"class {clipped(label, 60)!r}", of_class, min_agreement, by_class.get(label), asked
        )
        if line and of_class.other_label is not None:
            line += (
                f"; on {of_class.other_images} of them it answers "
                f"{clipped(of_class.other_label, 60)!r}"
            )
        lines.append(line)
    return [line for line in lines if line]


def _problem(
    part: str,
    agreed: ShareRecord | None,
    min_agreement: float,
    reached: ScoreRecord | None,
    asked: int,
) -> str:
    """The sentence about one share; empty where nothing is wrong with it."""
    if agreed is None:
        return ""
    bound, source = min_agreement, _KEY
    if reached and reached.images >= _ENOUGH and reached.accuracy < min_agreement:
        right = round(reached.accuracy * reached.images)
        bound = intervals.share(right, reached.images).low
        source = "what the version was shown to reach"
    agreeing = round(agreed.agreement * agreed.images)
    low, high = exact_interval(agreeing, agreed.images, _ERROR / asked)
    if high >= bound:
        return ""
    return (
        f"{part}: the served model agrees with the labels of {agreeing} of "
        f"{counted(agreed.images, 'image')} ({share(agreed.agreement, agreed.images)}, with an "
        f"interval of {low:.2f} to {high:.2f} at 95 % for all {asked} shares), which is below "
        f"{bound:.3g} ({source})"
    )


def exact_interval(count: int, of: int, error: float) -> Interval:
    """The interval of a share by Clopper and Pearson.

    Args:
        count: how many images have the property.
        of: how many there are; at least 1.
        error: the chance that the interval misses the share is at most this.
    """
    low = special.betaincinv(count, of - count + 1, error / 2) if count else 0.0
    high = special.betaincinv(count + 1, of - count, 1 - error / 2) if count < of else 1.0
    return float(low), float(high)


def _share(count: int, of: int) -> dict[str, Any]:
    """The fields of a ``ShareRecord``."""
    estimate = intervals.share(count, of)
    return {
        "images": of,
        "agreement": rounded(estimate.value, of),
        "interval": tuple(estimate.interval),
    }


def _of_class(label: str, answers: Counter[str]) -> ClassAgreementRecord:
    others = [(-count, answer) for answer, count in answers.items() if answer != label]
    count, other = min(others, default=(0, None))
    return ClassAgreementRecord(
        **_share(answers[label], answers.total()), other_label=other, other_images=-count
    )


def _shift(by_label: Mapping[str, Counter[str]], images: int) -> float:
    """The largest difference between a class's share of the answers and its share of the labels."""
    answered: Counter[str] = Counter()
    for answers in by_label.values():
        answered.update(answers)
    differences = (
        abs(answered[name] - by_label.get(name, Counter()).total())
        for name in {*answered, *by_label}
    )
    return max(differences, default=0) / images

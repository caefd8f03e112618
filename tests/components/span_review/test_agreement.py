"""What is counted of a served model's answers, and when a span is suspicious."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from components.records.model import ScoreRecord, ScoresRecord
from components.records.spans import AgreementRecord
from components.span_review.agreement import Answer, agreement, exact_interval, problems

KNOWN = ("3", "5", "8")


def answered(
    pairs: Iterable[tuple[str, str]], score: float = 0.9, split: str = "train"
) -> list[Answer]:
    """Answers by label and predicted label."""
    return [Answer(label, predicted, score, split) for label, predicted in pairs]


def recorded(answers: Sequence[Answer], known: Sequence[str] = KNOWN) -> AgreementRecord:
    record = agreement(answers, known, version=7)
    assert record is not None
    return record


def simulated(
    images: int, accuracy: float, classes: int, random: np.random.Generator
) -> AgreementRecord:
    """A clean span: a model of that accuracy, wrong by chance."""
    names = [f"class {place:03d}" for place in range(classes)]
    right = random.random((classes, images)) < accuracy
    wrong = random.integers(1, classes, (classes, images))
    return recorded(
        answered(
            (name, name if right[place, image] else names[(place + wrong[place, image]) % classes])
            for place, name in enumerate(names)
            for image in range(images)
        ),
        names,
    )


def test_figures_are_of_the_images_whose_class_the_model_knows() -> None:
    record = recorded(
        [
            *answered([("3", "3")] * 6 + [("3", "5"), ("3", "8"), ("3", "8"), ("5", "5")]),
            *answered([("5", "3"), ("5", "5")], score=0.5, split="test"),
            *answered([("new", "3"), ("other", "8")], score=0.1),
        ]
    )
    assert (record.version, record.images, record.agreement) == (7, 12, 0.667)
    expected = binomtest(8, 12).proportion_ci(0.95, method="wilson")
    assert record.interval == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert sorted(record.by_class) == ["3", "5"]
    three = record.by_class["3"]
    assert (three.images, three.agreement) == (9, 0.67)
    assert (three.other_label, three.other_images) == ("8", 2)
    assert record.held_out is not None
    assert (record.held_out.images, record.held_out.agreement) == (2, 0.5)
    assert record.unknown_labels == ("new", "other")
    assert record.score_agreeing == pytest.approx((7 * 0.9 + 0.5) / 8, abs=1e-4)
    assert record.score_disagreeing == pytest.approx((3 * 0.9 + 0.5) / 4, abs=1e-4)
    # "8" is in none of the labels, and "3" in 9 of 12 labels and 7 of 12 answers.
    assert record.answer_shift == pytest.approx(2 / 12, abs=1e-3)


def test_a_span_of_unknown_classes_alone_has_no_agreement() -> None:
    assert agreement(answered([("new", "3")]), KNOWN, version=7) is None


def test_a_clean_span_of_many_small_classes_is_hardly_ever_suspicious() -> None:
    random = np.random.default_rng(0)
    suspicious = sum(bool(problems(simulated(20, 0.9, 100, random), 0.7)) for _ in range(200))
    assert suspicious == 0


@pytest.mark.slow
def test_of_a_thousand_clean_spans_a_handful_at_most_are_suspicious() -> None:
    random = np.random.default_rng(1)
    suspicious = sum(bool(problems(simulated(20, 0.9, 100, random), 0.7)) for _ in range(1000))
    assert suspicious <= 5


def test_even_at_the_bound_itself_few_clean_spans_are_suspicious() -> None:
    # Half of the error of 0.05 is below the interval, and half above.
    random = np.random.default_rng(2)
    suspicious = sum(bool(problems(simulated(15, 0.7, 30, random), 0.7)) for _ in range(400))
    assert suspicious <= 400 * 0.025


def test_two_swapped_classes_of_many_are_named_with_what_the_model_answers() -> None:
    names = [f"class {place:03d}" for place in range(100)]
    swapped = {names[4]: names[9], names[9]: names[4]}
    answers = answered((name, swapped.get(name, name)) for name in names for _ in range(20))
    lines = problems(recorded(answers, names), 0.7)
    assert len(lines) == 2
    assert lines[0] == (
        "class 'class 004': the served model agrees with the labels of 0 of 20 images (0.000, "
        "with an interval of 0.00 to 0.34 at 95 % for all 101 shares), which is below 0.7 "
        "(retrain.quarantine.min_agreement); on 20 of them it answers 'class 009'"
    )
    assert lines[1].startswith("class 'class 009'")


def test_labels_that_are_all_permuted_make_the_whole_suspicious_first() -> None:
    turned = [("3", "5"), ("5", "8"), ("8", "3")]
    answers = [*answered(turned * 20), *answered(turned * 5, split="validation")]
    lines = problems(recorded(answers), 0.7)
    assert [line.partition(":")[0] for line in lines] == [
        "the whole span",
        "the images that no training sees",
        "class '3'",
        "class '5'",
        "class '8'",
    ]


@pytest.mark.parametrize(("images", "classes"), [(5, 10), (6, 100)])
def test_a_class_of_too_few_images_is_not_suspicious_by_itself(images: int, classes: int) -> None:
    names = [f"class {place:03d}" for place in range(classes)]
    clean = answered((name, name) for name in names[1:] for _ in range(30))
    few = [*clean, *answered([(names[0], names[1])] * images)]
    assert problems(recorded(few, names), 0.7) == []
    more = [*few, *answered([(names[0], names[1])])]
    assert [line.partition(":")[0] for line in problems(recorded(more, names), 0.7)] == [
        "class 'class 000'"
    ]


def test_a_class_that_the_model_never_could_tell_says_nothing_against_a_span() -> None:
    answers = answered([("3", "3")] * 100 + [("5", "5")] * 55 + [("5", "8")] * 45)
    record = recorded(answers)
    assert len(problems(record, 0.7)) == 1
    score = ScoreRecord(accuracy=0.6, images=50)
    overall = ScoreRecord(accuracy=0.8, images=100)
    reached = ScoresRecord(overall=overall, by_class={"5": score})
    assert problems(record, 0.7, reached) == []
    few = reached.model_copy(update={"by_class": {"5": ScoreRecord(accuracy=0.5, images=2)}})
    assert len(problems(record, 0.7, few)) == 1
    swapped = recorded(answered([("3", "3")] * 100 + [("5", "8")] * 100))
    (line,) = (line for line in problems(swapped, 0.7, reached) if line.startswith("class '5'"))
    assert "which is below 0.462 (what the version was shown to reach)" in line


def test_a_bound_of_zero_makes_nothing_suspicious() -> None:
    assert problems(recorded(answered([("3", "5")] * 500)), 0.0) == []


def test_a_label_in_a_sentence_is_on_one_line() -> None:
    names = ["a\nb\u202e", "c"]
    record = recorded(answered([(names[0], "c")] * 50), names)
    assert all("\n" not in line and "\u202e" not in line for line in problems(record, 0.7))


@given(of=st.integers(1, 400), error=st.floats(1e-6, 0.2), data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_exact_interval_is_clopper_and_pearsons(
    of: int, error: float, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, of))
    expected = binomtest(count, of).proportion_ci(1 - error, method="exact")
    assert exact_interval(count, of, error) == pytest.approx((expected.low, expected.high))


COUNTS = st.dictionaries(
    st.sampled_from([f"class {place}" for place in range(8)]),
    st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(any),
    min_size=1,
)


@given(counts=COUNTS, bound=st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_span_is_suspicious_only_for_a_share_below_the_bound_and_never_for_a_better_one(
    counts: dict[str, tuple[int, int]], bound: float
) -> None:
    known = [*counts, "another"]

    def named(more: int) -> set[str]:
        answers = answered(
            (name, predicted)
            for name, (right, wrong) in counts.items()
            for predicted in [name] * (right + more) + ["another"] * wrong
        )
        record = recorded(answers, known)
        lines = problems(record, bound)
        shares = {f"class {name!r}": share.agreement for name, share in record.by_class.items()}
        shares["the whole span"] = record.agreement
        suspects = {line.partition(":")[0] for line in lines}
        assert all(shares[suspect] < bound for suspect in suspects)
        return suspects

    # More images that the model has right make no further share suspicious.
    assert named(more=5) <= named(more=0)

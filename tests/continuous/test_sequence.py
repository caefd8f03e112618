"""Spans come over time, and what is served gets better by them and never worse."""

import itertools
from pathlib import Path

import pytest

from components.serving.versions import list_versions
from tests.continuous.digits_in_time import DRIFT_FROM, NEW_CLASS_FROM, PERMUTED, SPANS
from tests.continuous.playing import Play
from tests.continuous.steps import Played
from tests.e2e.thaw import tree

pytestmark = pytest.mark.e2e


def test_versions_follow_the_spans_and_a_rollback_and_nothing_new_runs_nothing(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path / "play", seed=0)
    play.comes(1)
    _, first = play.retrain(1)
    play.comes(2)
    _, second = play.retrain(2)
    assert [(step.run, step.warm) for step in (first, second)] == [
        ("pushed", False),
        ("pushed", True),
    ]
    assert second.base == first.served.version
    assert second.epochs < first.epochs

    states = []
    for _ in range(3):
        done, step = play.retrain(2)
        assert (done.code, done.out.count("\n"), done.err) == (0, 1, "")
        assert done.out.startswith("nothing new: 2 spans, the latest is 2; version ")
        assert (step.answer, step.run) == ("no", None)
        states.append(_state(play))
    # The first of the calls may note that files have settled.
    assert states[1] == states[2]
    assert {*states[0]} == {*states[1]}
    assert list_versions(play.serving) == [first.served.version, second.served.version]

    assert play.thaw("rollback").code == 0
    _, withdrawn = play.retrain(2)
    assert (withdrawn.answer, withdrawn.served) == ("no", first.served)
    play.comes(3)
    _, third = play.retrain(3)
    assert (third.run, third.base) == ("pushed", first.served.version)
    assert third.trained_on == (1, 2, 3)
    assert third.served.accuracy >= 0.95
    assert list_versions(play.serving) == [first.served.version, third.served.version]


def _state(play: Play) -> dict[str, bytes]:
    """All files of the root but the one that each call adds a line to."""
    files = tree(play.root)
    del files["decisions.jsonl"]
    return files


@pytest.mark.slow
@pytest.mark.continuous
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_served_models_follow_drift_and_new_classes_and_learn_no_wrong_labels(
    tmp_path: Path, seed: int
) -> None:
    check(Play(tmp_path / "play", seed).to_the_end())


def check(played: Played) -> None:
    """Asserts all that is promised of a sequence that starts from what is served."""
    for span in SPANS:
        if span >= DRIFT_FROM + 2:
            assert played.after(span).served.accuracy_of_all >= 0.95, played.after(span)

    assert played.refused.code == 2
    assert played.refused.err.count("\n") == 1
    assert "thaw schema accept" in played.refused.err
    assert "label=9" in played.refused.err
    recall = played.after(NEW_CLASS_FROM + 2).served.new_class_recall
    assert recall is not None
    assert recall >= 0.9

    assert all(PERMUTED not in spans for spans in played.spans.values())
    wrong = played.after(PERMUTED)
    assert (wrong.status, wrong.answer) == (0, "no")
    assert f"span {PERMUTED} is quarantined" in wrong.sentence
    golden = [step.served.golden for step in played.steps]
    assert all(after >= before - 0.02 for before, after in itertools.pairwise(golden))

    poisoned = played.poisoned
    assert poisoned is not None
    assert (poisoned.status, poisoned.run) == (3, "rejected")
    assert PERMUTED in poisoned.trained_on
    assert "golden_drop" in poisoned.broken
    assert {name.partition("_")[0] for name in poisoned.broken} == {"golden"}
    assert poisoned.served.version == played.after(NEW_CLASS_FROM).served.version

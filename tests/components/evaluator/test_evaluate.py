"""Which models are evaluated, and what becomes of a baseline that cannot be."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.evaluator import evaluate as module
from components.records.baseline import BaselineChoice
from modules.gate.verdict import Baseline
from modules.model_layout import write_labels
from modules.settings import Evaluation

NONE = BaselineChoice(None, "", "there is no baseline yet")


class Passes:
    """Stands in for the pass over the images: the models of each pass, and what a pass raises."""

    def __init__(self) -> None:
        self.models: list[list[str]] = []
        self.fails_with_both: Exception | None = None

    def __call__(self, pipeline: Any, *, models: dict[str, str], folder: Path, **_: Any) -> None:
        folder.mkdir()
        self.models.append(sorted(models))
        if len(models) == 2 and self.fails_with_both:
            raise self.fails_with_both


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    stand_in = Passes()
    monkeypatch.setattr(module, "analyse", stand_in)
    return stand_in


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaselineChoice:
    """A baseline whose files are good, and which can be loaded."""
    monkeypatch.setattr(module, "problem_of", lambda folder: "")
    monkeypatch.setattr(module, "problem_of_loading", lambda folder: "")
    write_labels(["a", "b"], tmp_path / "7")
    return BaselineChoice(7, str(tmp_path / "7"), "version 7 is the one served")


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[[BaselineChoice], Baseline]:
    write_labels(["a", "b"], tmp_path / "candidate")
    return lambda choice: module.evaluate(
        contextlib.nullcontext,
        patterns=[""],
        schema=None,
        candidate=str(tmp_path / "candidate"),
        choice=choice,
        options=Evaluation(),
        folder=tmp_path / "evaluation",
    )


def test_without_a_baseline_the_candidate_is_evaluated_alone(
    passes: Passes, evaluated: Callable[[BaselineChoice], Baseline]
) -> None:
    assert evaluated(NONE) == Baseline(None, "there is no baseline yet")
    assert passes.models == [["candidate"]]


def test_both_models_are_evaluated_in_one_pass(
    passes: Passes, choice: BaselineChoice, evaluated: Callable[[BaselineChoice], Baseline]
) -> None:
    assert evaluated(choice) == Baseline(7, "version 7 is the one served")
    assert passes.models == [["baseline", "candidate"]]


def test_a_baseline_with_a_problem_is_not_evaluated(
    passes: Passes,
    choice: BaselineChoice,
    evaluated: Callable[[BaselineChoice], Baseline],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "problem_of", lambda folder: "it has no labels")
    assert evaluated(choice).unusable == "version 7 was set aside, for it has no labels"
    assert passes.models == [["candidate"]]


def test_a_baseline_that_breaks_the_pass_is_left_out_of_a_second_one(
    passes: Passes,
    choice: BaselineChoice,
    evaluated: Callable[[BaselineChoice], Baseline],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "problem_of_loading", lambda folder: "it cannot be loaded")
    passes.fails_with_both = ValueError("no variables")
    assert evaluated(choice).unusable == "version 7 was set aside, for it cannot be loaded"
    assert passes.models == [["baseline", "candidate"], ["candidate"]]


def test_a_failure_that_is_not_the_baselines_ends_the_run(
    passes: Passes, choice: BaselineChoice, evaluated: Callable[[BaselineChoice], Baseline]
) -> None:
    passes.fails_with_both = MemoryError("no memory")
    with pytest.raises(MemoryError, match="no memory"):
        evaluated(choice)
    assert passes.models == [["baseline", "candidate"]]

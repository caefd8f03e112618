"""Which blessed model is the baseline of a candidate."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Judgement:
    """One blessing that an Evaluator gave or refused.

    Attributes:
        order: grows with time.
        model: the id of the model that was judged.
        baseline: the id of the model that it was compared with, None for none.
        blessed: the outcome.
    """

    order: int
    model: int
    baseline: int | None
    blessed: bool


def baseline_of(candidate: int | None, judgements: Sequence[Judgement]) -> int | None:
    """The id of the model to compare ``candidate`` with.

    It is the latest blessed one. Where that is the candidate itself, because the run changed
    nothing since its model was blessed, it is what the candidate was compared with then: the
    Evaluator's inputs are the same again, so that it is not run, and nothing is pushed, twice. A
    stock resolver would answer with the candidate, and have it judged against itself.
    """
    blessed = [judgement for judgement in judgements if judgement.blessed]
    if not blessed:
        return None
    latest = max(blessed, key=lambda judgement: judgement.order)
    return latest.baseline if latest.model == candidate else latest.model

"""Computes what the gate's default rules let through when there are few test images.

It is a part of ``benchmarks.gate_power``, which writes its results and its table. ``margin: auto``
is evaluated alone, and together with ``max_drop``, which compares the measured accuracies. The
probabilities of both are exact, so nothing is drawn at random.
"""

import math
from collections.abc import Iterator
from typing import Any

from modules.gate.margins import Least, chance, least_gains, smallest
from modules.gate.statistics import non_inferiority
from modules.settings import Evaluation

SIZES = (30, 40, 60, 81, 100, 150, 200, 330)
# True differences and rates of disagreement.
TRUTHS = ((0.0, 0.05), (0.0, 0.1), (-0.02, 0.05), (-0.05, 0.1), (-0.1, 0.15))
AT_MARGIN = 0.15  # the least rate of disagreement with a candidate that is worse by the margin
SURE = Evaluation().confidence
MAX_DROP = Evaluation().max_drop

Result = dict[str, Any]


def few() -> Iterator[Result]:
    """Yields the probability that a candidate is blessed, by number of images and by truth."""
    for n in SIZES:
        margin = smallest(n, SURE)
        alone = _shown(n, margin)
        both = _and_no_drop(alone, n)
        truths = [*TRUTHS, (-margin, max(margin, AT_MARGIN))]
        for difference, apart in truths:
            yield {
                "kind": "few",
                "n": n,
                "margin": margin,
                "apart": apart,
                "difference": difference,
                "alone": round(chance(alone, n, apart, difference), 6),
                "both": round(chance(both, n, apart, difference), 6),
            }


def _shown(n: int, margin: float) -> Least:
    return least_gains(lambda gained, lost: non_inferiority(gained, lost, n, margin) <= 1 - SURE)


def _and_no_drop(alone: Least, n: int) -> Least:
    """Returns the fewest gains that both rules bless, ``max_drop`` being a limit of net losses."""
    allowed = math.floor(MAX_DROP * n + 1e-9)
    return lambda number: max(alone(number), math.ceil((number - allowed) / 2))


def few_images(results: list[Result]) -> str:
    """Returns the table in Markdown: both rules and, in brackets, the test alone."""
    titles = [
        f"{f'worse by {-difference:g}' if difference else 'as good'}, {100 * apart:.0f} %"
        for difference, apart in TRUTHS
    ]
    titles.append("worse by the margin")
    lines = [f"| test images | margin | {' | '.join(titles)} |", "| --- " * (2 + len(titles)) + "|"]
    for n in SIZES:
        row = [result for result in results if result["kind"] == "few" and result["n"] == n]
        cells = [f"{100 * result['both']:.1f} % ({100 * result['alone']:.1f} %)" for result in row]
        lines.append(f"| {n} | {row[0]['margin']:g} | {' | '.join(cells)} |")
    return "\n".join(lines)

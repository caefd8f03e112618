"""What the gate's default rules let through where test images are few.

A part of ``benchmarks.gate_power``, which writes its results and its table. ``margin: auto`` is
asked alone, and together with ``max_drop``, which looks at the accuracies as measured; both are
known exactly, so nothing is drawn.
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
    """For each number of images and each truth, how likely the candidate is blessed."""
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
    """What both rules bless: as few gains, and no more images lost on balance than allowed."""
    allowed = math.floor(MAX_DROP * n + 1e-9)
    return lambda number: max(alone(number), math.ceil((number - allowed) / 2))


def few_images(results: list[Result]) -> str:
    """The table: both rules, and the test alone in brackets, in Markdown."""
    titles = [
        f"{f'worse by {-difference:g}' if difference else 'as good'}, {100 * apart:.0f} %"
        for difference, apart in TRUTHS
    ]
    titles.append("worse by the margin")
    lines = [f"| test images | margin | {' | '.join(titles)} |", "| --- " * (2 + len(titles)) + "|"]
    for n in SIZES:
        row = [one for one in results if one["kind"] == "few" and one["n"] == n]
        cells = [f"{100 * one['both']:.1f} % ({100 * one['alone']:.1f} %)" for one in row]
        lines.append(f"| {n} | {row[0]['margin']:g} | {' | '.join(cells)} |")
    return "\n".join(lines)

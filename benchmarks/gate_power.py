"""What the gate lets through, where the truth is known.

    python -m benchmarks.gate_power [--runs N]

A true model pair is a rate of disagreement and a true difference of accuracies; from these, the
images that only one model gets right are drawn at random, ``--runs`` times, and the gate's own
tests are asked. The exact chance stands beside: the sum over all outcomes that are blessed. Writes
``results/gate_power.jsonl``, anew each time, and the tables and the picture of
``docs/gate_evidence.md``.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from benchmarks.gate_few import few, few_images
from benchmarks.page import put
from modules.gate.margins import Least, chance, least_gains
from modules.gate.statistics import mcnemar, non_inferiority

matplotlib.use("Agg")

from matplotlib import pyplot

RESULTS = Path(__file__).parent / "results" / "gate_power.jsonl"
DOCS = Path(__file__).parent.parent / "docs"
ALPHA = 0.01
SIZES = (300, 1000, 5000)
APART = (0.01, 0.05, 0.15)  # of all images: those that only one of the two gets right
MARGINS = (0.02, 0.05)
STEPS = [step / 2 for step in range(-4, 5)]  # true differences, in margins
# For the tables of a candidate that is as good as the baseline.
EQUAL_SIZES = (100, 200, 300, 500, 1000, 2000, 5000)
EQUAL_APART = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15)
EQUAL_MARGINS = (0.01, 0.02, 0.03, 0.05)
POWER = 0.9
COLORS = dict(zip(APART, ("#1b7f4b", "#3b6ea5", "#d9822b"), strict=True))

Result = dict[str, Any]


@cache
def least_of(require: str, n: int, margin: float) -> Least:
    """The fewest gains that a rule blesses, by the number of disagreements."""

    def blessed(gained: int, lost: int) -> bool:
        if require == "better":
            return mcnemar(gained, lost) <= ALPHA
        return non_inferiority(gained, lost, n, margin) <= ALPHA

    return least_gains(blessed)


def simulated(least: Least, n: int, apart: float, difference: float, runs: int) -> int:
    """How many of so many draws are blessed."""
    random = np.random.default_rng([n, round(1000 * apart), round(10_000 * (difference + 1))])
    shares = [(apart + difference) / 2, (apart - difference) / 2, 1 - apart]
    gained, lost, _ = random.multinomial(n, np.maximum(shares, 0), size=runs).T
    numbers, places = np.unique(gained + lost, return_inverse=True)
    return int((gained >= np.array([least(number) for number in numbers.tolist()])[places]).sum())


def truths(runs: int) -> Iterator[Result]:
    """All true pairs that can be, under both rules."""
    for n, margin, apart, step in itertools.product(SIZES, MARGINS, APART, STEPS):
        difference = round(step * margin, 6)
        if abs(difference) > apart:
            continue
        for require in ("not_worse", "better"):
            least = least_of(require, n, margin)
            yield {
                "kind": "truth",
                "require": require,
                "n": n,
                "margin": margin,
                "apart": apart,
                "difference": difference,
                "runs": runs,
                "blessed": simulated(least, n, apart, difference, runs),
                "chance": round(chance(least, n, apart, difference), 6),
            }


def equals() -> Iterator[Result]:
    """Candidates as good as the baseline: their chance, and how many images make it ``POWER``."""
    for margin in EQUAL_MARGINS:
        for apart in EQUAL_APART:
            cell = {"margin": margin, "apart": apart}
            for n in EQUAL_SIZES:
                share = chance(least_of("not_worse", n, margin), n, apart, 0)
                yield {"kind": "equal", "n": n, **cell, "chance": round(share, 6)}
            yield {"kind": "needed", **cell, "n": needed(margin, apart)}


def needed(margin: float, apart: float) -> int:
    """The fewest images, to two digits, that bless an equal candidate with ``POWER``."""
    sizes = [ten * scale for scale in (1, 10, 100, 1000) for ten in range(10, 100)]
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high) // 2
        n = sizes[middle]
        enough = chance(least_of("not_worse", n, margin), n, apart, 0) >= POWER
        low, high = (low, middle) if enough else (middle + 1, high)
    return sizes[high]


def find(results: list[Result], **cell: Any) -> Result | None:
    """The result that has these values."""
    return next((one for one in results if cell.items() <= one.items()), None)


def percent(share: float, digits: int = 0) -> str:
    """For people."""
    return f"{100 * share:.{digits}f} %"


def false_pushes(results: list[Result]) -> str:
    """Candidates at the margin, in Markdown: simulated and exact."""
    titles = [f"margin {margin}: {how}" for margin in MARGINS for how in ("drawn", "exact")]
    lines = [f"| test images | disagreement | {' | '.join(titles)} |", "| --- " * 6 + "|"]
    for n in SIZES:
        for apart in APART[1:]:
            cells = list[str]()
            for margin in MARGINS:
                at = {"kind": "truth", "require": "not_worse", "n": n, "apart": apart}
                one = find(results, **at, margin=margin, difference=-margin)
                assert one
                cells += [percent(one["blessed"] / one["runs"], 2), percent(one["chance"], 2)]
            lines.append(f"| {n:,} | {percent(apart)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def images_needed(results: list[Result]) -> str:
    """How many images an equal candidate needs, in Markdown."""
    titles = [percent(apart) for apart in EQUAL_APART]
    lines = [f"| margin | {' | '.join(titles)} |", "| --- " * (1 + len(titles)) + "|"]
    for margin in EQUAL_MARGINS:
        found = [find(results, kind="needed", margin=margin, apart=apart) for apart in EQUAL_APART]
        cells = [f"{one['n']:,}" for one in found if one]
        lines.append(f"| {margin} | {' | '.join(cells)} |")
    return "\n".join(lines)


def equal_candidates(results: list[Result]) -> str:
    """How often an equal candidate is blessed, in Markdown."""
    margins, rates = EQUAL_MARGINS[1:], (0.01, 0.05, 0.1)
    titles = [f"{margin}: {percent(apart)}" for margin in margins for apart in rates]
    lines = [f"| test images | {' | '.join(titles)} |", "| --- " * (1 + len(titles)) + "|"]
    for n in EQUAL_SIZES:
        cells = list[str]()
        for margin in margins:
            for apart in rates:
                one = find(results, kind="equal", n=n, margin=margin, apart=apart)
                assert one
                cells.append(percent(one["chance"]))
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(results: list[Result], file: Path) -> None:
    """The chance to be blessed by the true difference."""
    figure, grid = pyplot.subplots(2, 3, figsize=(10, 6), dpi=120, sharey=True)
    for row, margin in zip(grid, MARGINS, strict=True):
        for axis, n in zip(row, SIZES, strict=True):
            cell = {"kind": "truth", "n": n, "margin": margin}
            for apart, color in COLORS.items():
                for require, style in (("not_worse", "-"), ("better", "--")):
                    line = cell | {"require": require, "apart": apart}
                    points = [one for one in results if line.items() <= one.items()]
                    axis.plot(
                        [100 * one["difference"] for one in points],
                        [one["blessed"] / one["runs"] for one in points],
                        style, color=color, marker="o", markersize=3, linewidth=1.5,
                        label=f"{require}, {percent(apart)} disagree",
                    )  # fmt: skip
            axis.axvline(-100 * margin, color="#8c8c8c", linewidth=1)
            axis.set_title(f"{n:,} test images, margin {margin}", fontsize=10)
            axis.grid(alpha=0.3)
    for axis in grid[-1]:
        axis.set_xlabel("true difference, points of accuracy")
    for row in grid:
        row[0].set_ylabel("blessed")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=3, fontsize=9)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(file)
    pyplot.close(figure)


TABLES = {
    "false pushes": false_pushes,
    "images": images_needed,
    "equal": equal_candidates,
    "few": few_images,
}


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    runs = parser.parse_args().runs
    results = list[Result]()
    for one in itertools.chain(few(), equals(), truths(runs)):
        results.append(one)
        print(json.dumps(one), flush=True)
    lines = [json.dumps(one) + "\n" for one in results]
    RESULTS.write_text("".join(lines), encoding="utf-8")
    page = DOCS / "gate_evidence.md"
    text = page.read_text(encoding="utf-8")
    for mark, table in TABLES.items():
        text = put(table(results), text, mark)
    page.write_text(text, encoding="utf-8")
    draw(results, DOCS / "gate_power.png")


if __name__ == "__main__":
    main()

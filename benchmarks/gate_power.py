"""Computes what the gate lets through when the truth is known.

    python -m benchmarks.gate_power [--runs N]

A true model pair is a rate of disagreement and a true difference of accuracies. From these, the
images that only one model gets right are drawn at random, ``--runs`` times, and judged by the
gate's own tests. The exact probability is given too: the sum over all outcomes that are blessed.
``results/gate_power.jsonl`` is written anew each time, and so are the tables and the picture of
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
APART = (0.01, 0.05, 0.15)  # the share of images that only one of the two models gets right
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
    """Returns the fewest gains that a rule blesses, by the number of disagreements."""

    def blessed(gained: int, lost: int) -> bool:
        if require == "better":
            return mcnemar(gained, lost) <= ALPHA
        return non_inferiority(gained, lost, n, margin) <= ALPHA

    return least_gains(blessed)


def simulated(least: Least, n: int, apart: float, difference: float, runs: int) -> int:
    """Simulates the gate; returns how many of ``runs`` draws are blessed."""
    random = np.random.default_rng([n, round(1000 * apart), round(10_000 * (difference + 1))])
    shares = [(apart + difference) / 2, (apart - difference) / 2, 1 - apart]
    gained, lost, _ = random.multinomial(n, np.maximum(shares, 0), size=runs).T
    numbers, places = np.unique(gained + lost, return_inverse=True)
    return int((gained >= np.array([least(number) for number in numbers.tolist()])[places]).sum())


def truths(runs: int) -> Iterator[Result]:
    """Yields the results for all possible true pairs, under both rules."""
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
    """Yields, for equal candidates, their chance, and how many images raise it to ``POWER``."""
    for margin in EQUAL_MARGINS:
        for apart in EQUAL_APART:
            cell = {"margin": margin, "apart": apart}
            for n in EQUAL_SIZES:
                share = chance(least_of("not_worse", n, margin), n, apart, 0)
                yield {"kind": "equal", "n": n, **cell, "chance": round(share, 6)}
            yield {"kind": "needed", **cell, "n": needed(margin, apart)}


def needed(margin: float, apart: float) -> int:
    """Returns the fewest images, to two digits, that bless an equal candidate with ``POWER``."""
    sizes = [ten * scale for scale in (1, 10, 100, 1000) for ten in range(10, 100)]
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high) // 2
        n = sizes[middle]
        enough = chance(least_of("not_worse", n, margin), n, apart, 0) >= POWER
        low, high = (low, middle) if enough else (middle + 1, high)
    return sizes[high]


def find(results: list[Result], **cell: Any) -> Result | None:
    """Returns the result that has these values."""
    return next((result for result in results if cell.items() <= result.items()), None)


def percent(share: float, digits: int = 0) -> str:
    """Formats a share for people."""
    return f"{100 * share:.{digits}f} %"


def false_pushes(results: list[Result]) -> str:
    """Returns the table of candidates at the margin, in Markdown: simulated and exact."""
    titles = [f"margin {margin}: {how}" for margin in MARGINS for how in ("drawn", "exact")]
    lines = [f"| test images | disagreement | {' | '.join(titles)} |", "| --- " * 6 + "|"]
    for n in SIZES:
        for apart in APART[1:]:
            cells = list[str]()
            for margin in MARGINS:
                at = {"kind": "truth", "require": "not_worse", "n": n, "apart": apart}
                result = find(results, **at, margin=margin, difference=-margin)
                assert result
                cells += [
                    percent(result["blessed"] / result["runs"], 2),
                    percent(result["chance"], 2),
                ]
            lines.append(f"| {n:,} | {percent(apart)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def images_needed(results: list[Result]) -> str:
    """Returns the table of how many images an equal candidate needs, in Markdown."""
    titles = [percent(apart) for apart in EQUAL_APART]
    lines = [f"| margin | {' | '.join(titles)} |", "| --- " * (1 + len(titles)) + "|"]
    for margin in EQUAL_MARGINS:
        needed_sizes = [
            find(results, kind="needed", margin=margin, apart=apart) for apart in EQUAL_APART
        ]
        cells = [f"{result['n']:,}" for result in needed_sizes if result]
        lines.append(f"| {margin} | {' | '.join(cells)} |")
    return "\n".join(lines)


def equal_candidates(results: list[Result]) -> str:
    """Returns the table of how often an equal candidate is blessed, in Markdown."""
    margins, rates = EQUAL_MARGINS[1:], (0.01, 0.05, 0.1)
    titles = [f"{margin}: {percent(apart)}" for margin in margins for apart in rates]
    lines = [f"| test images | {' | '.join(titles)} |", "| --- " * (1 + len(titles)) + "|"]
    for n in EQUAL_SIZES:
        cells = list[str]()
        for margin in margins:
            for apart in rates:
                result = find(results, kind="equal", n=n, margin=margin, apart=apart)
                assert result
                cells.append(percent(result["chance"]))
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(results: list[Result], file: Path) -> None:
    """Draws the probability of a blessing by the true difference."""
    figure, grid = pyplot.subplots(2, 3, figsize=(10, 6), dpi=120, sharey=True)
    for row, margin in zip(grid, MARGINS, strict=True):
        for axis, n in zip(row, SIZES, strict=True):
            cell = {"kind": "truth", "n": n, "margin": margin}
            for apart, color in COLORS.items():
                for require, style in (("not_worse", "-"), ("better", "--")):
                    line = cell | {"require": require, "apart": apart}
                    points = [result for result in results if line.items() <= result.items()]
                    axis.plot(
                        [100 * result["difference"] for result in points],
                        [result["blessed"] / result["runs"] for result in points],
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
    for result in itertools.chain(few(), equals(), truths(runs)):
        results.append(result)
        print(json.dumps(result), flush=True)
    lines = [json.dumps(result) + "\n" for result in results]
    RESULTS.write_text("".join(lines), encoding="utf-8")
    page = DOCS / "gate_evidence.md"
    text = page.read_text(encoding="utf-8")
    for mark, table in TABLES.items():
        text = put(table(results), text, mark)
    page.write_text(text, encoding="utf-8")
    draw(results, DOCS / "gate_power.png")


if __name__ == "__main__":
    main()

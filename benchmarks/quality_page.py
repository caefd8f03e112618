"""Writes the tables and the picture of ``docs/quality.md`` from the results of ``quality``.

python -m benchmarks.quality_page
"""

import statistics
from pathlib import Path
from typing import Any

import matplotlib

from benchmarks.page import put
from benchmarks.quality import METHODS, SIZES, VARIANTS, done
from benchmarks.training import CORPORA

matplotlib.use("Agg")

from matplotlib import pyplot

DOCS = Path(__file__).parent.parent / "docs"
NAMES = {"head": "head only", "full": "full", "hand": "by hand", "auto": "auto"}
COLORS = {"head": "#8c8c8c", "full": "#d9822b", "hand": "#3b6ea5", "auto": "#1b7f4b"}


def accuracies(runs: list[dict[str, Any]], corpus: str, size: int | None) -> dict[str, list[float]]:
    """Returns each method's test accuracies, in ascending order."""
    cell = [run for run in runs if run["case"][:2] == [corpus, size]]
    return {
        method: sorted(run["accuracy"] for run in cell if run["case"][2] == method)
        for method in METHODS
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Returns means and ranges in Markdown, with the best of a row in bold and ``auto``'s gap."""
    titles = [NAMES[method] for method in METHODS]
    lines = [
        f"| images a class | {' | '.join(titles)} | auto, against the best other | seeds |",
        "| --- " * (len(METHODS) + 3) + "|",
    ]
    for corpus in CORPORA:
        for size in SIZES:
            by_method = accuracies(runs, corpus.name, size)
            if not all(by_method.values()):
                continue
            means = {method: statistics.mean(values) for method, values in by_method.items()}
            best = max(means.values())
            cells = []
            for method, values in by_method.items():
                text = f"{means[method]:.3f}"
                text = f"**{text}**" if means[method] == best else text
                cells.append(f"{text} ({values[0]:.3f} to {values[-1]:.3f})")
            others = max(mean for method, mean in means.items() if method != "auto")
            gap = f"{100 * (means['auto'] - others):+.1f} points"
            seeds = min(map(len, by_method.values()))
            title = f"{corpus.name}, {size or 'all'}"
            lines.append(f"| {title} | {' | '.join(cells)} | {gap} | {seeds} |")
    return "\n".join(lines)


def variants_table(runs: list[dict[str, Any]]) -> str:
    """Returns the runs that cache variants, in Markdown."""
    lines = ["| kept | 25 a class | s | 100 a class | s | seeds |", "| --- " * 6 + "|"]
    for method, kept in VARIANTS.items():
        cells, seeds = [str(kept) if kept else "0: new in every epoch"], []
        for size in (25, 100):
            cell = [run for run in runs if run["case"][1:3] == [size, method]]
            if not cell:
                return ""
            values = sorted(run["accuracy"] for run in cell)
            cells.append(f"{statistics.mean(values):.3f} ({values[0]:.3f} to {values[-1]:.3f})")
            cells.append(f"{statistics.median(run['seconds'] for run in cell):.0f}")
            seeds.append(len(cell))
        lines.append(f"| {' | '.join(cells)} | {min(seeds)} |")
    return "\n".join(lines)


def draw(runs: list[dict[str, Any]], file: Path) -> None:
    """Draws mean and range over the seeds, by images a class."""
    figure, axes = pyplot.subplots(1, len(CORPORA), figsize=(10, 4.2), dpi=120)
    for axis, corpus in zip(axes, CORPORA, strict=True):
        for place, method in enumerate(METHODS):
            points = [
                (number, values)
                for number, size in enumerate(SIZES)
                if (values := accuracies(runs, corpus.name, size)[method])
            ]
            x = [number + 0.08 * (place - 1.5) for number, _ in points]
            means = [statistics.mean(values) for _, values in points]
            below = [mean - values[0] for mean, (_, values) in zip(means, points, strict=True)]
            above = [values[-1] - mean for mean, (_, values) in zip(means, points, strict=True)]
            axis.errorbar(
                x, means, (below, above), color=COLORS[method], label=NAMES[method],
                marker="o", markersize=4, linewidth=1.5, capsize=2, elinewidth=1,
            )  # fmt: skip
        axis.set_xticks(range(len(SIZES)), [str(size or "all") for size in SIZES])
        axis.set_xlabel("images a class, a fifth of them to choose epoch and stage")
        axis.set_title(corpus.name)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("accuracy on the held-out fifth")
    axes[-1].legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)


def main() -> None:
    """Entry point."""
    runs = done()
    page = DOCS / "quality.md"
    text = put(table(runs), page.read_text(encoding="utf-8"), "schedules")
    page.write_text(put(variants_table(runs), text, "variants"), encoding="utf-8")
    draw(runs, DOCS / "quality.png")


if __name__ == "__main__":
    main()

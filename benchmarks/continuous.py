"""Plays spans of digits that come over time, starting warm and cold, and draws what became of it.

    python -m benchmarks.continuous [--seeds 0 1 2] [--page]

``tests/continuous`` has the spans: 8 of them, with drift from span 3 on, a new class from span 5
and the wrong labels of span 6. Each seed is played twice, one after the other, in one process: with
trainings that start from what is served, and with cold ones. A play takes 4 to 5 minutes on 2
cores, and is a line of ``results/continuous.jsonl``, of which ``docs/continuous.png`` is drawn and
the table is printed, for ``docs/continuous.md``; ``--page`` only makes both anew.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

PROJECT = Path(__file__).parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "continuous.jsonl"
DOCS = PROJECT / "docs"
WARM, COLD = "served", "none"
COLORS = {WARM: "#1b7f4b", COLD: "#8c8c8c"}
NAMES = {WARM: "warm", COLD: "cold"}

Play = dict[str, Any]
Step = dict[str, Any]


def play(seed: int, start: str) -> Play:
    """Plays all spans; returns the record."""
    from tests.continuous.playing import Play as Sequenced  # It imports TensorFlow.

    with tempfile.TemporaryDirectory(prefix="thaw-continuous-") as folder:
        sequence = Sequenced(Path(folder) / "play", seed, start)
        sequence.to_the_end()
        return sequence.as_json()


def last_of_each(steps: Sequence[Step]) -> dict[int, Step]:
    """By span, the last call of its time."""
    return {step["span"]: step for step in steps}


def trainings(plays: Sequence[Play], start: str) -> list[Step]:
    """The steps of spans 2 to 8 that have trained, of all seeds."""
    return [
        step
        for record in plays
        if record["start"] == start
        for step in record["steps"]
        if step["run"] and step["span"] > 1
    ]


def table(plays: Sequence[Play]) -> str:
    """Warm against cold in Markdown: the mean and the range over trainings, of all seeds."""
    rows: dict[str, Callable[[Step], float]] = {
        "epochs": lambda step: step["epochs"],
        "Trainer: s": lambda step: step["training_seconds"],
        "`thaw retrain`: s": lambda step: step["seconds"],
        "accuracy on held-out images": lambda step: step["served"]["accuracy_of_all"],
        "accuracy on the golden set": lambda step: step["served"]["golden"],
    }
    both = {start: trainings(plays, start) for start in (WARM, COLD)}
    lines = ["| | warm | cold | warm / cold |", "| --- | --- | --- | --- |"]
    for name, value in rows.items():
        values = {start: sorted(map(value, steps)) for start, steps in both.items()}
        means = {start: statistics.mean(these) for start, these in values.items()}
        is_share = name.startswith("accuracy")
        form = "{:.3f}" if is_share else "{:.1f}"
        cells = [
            f"{form.format(means[start])} ({form.format(these[0])} to {form.format(these[-1])})"
            for start, these in values.items()
        ]
        gap = means[WARM] - means[COLD]
        ratio = f"{gap:+.3f}" if is_share else f"{means[WARM] / means[COLD]:.2f}"
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio} |")
    return "\n".join(lines)


def draw(plays: Sequence[Play], file: Path) -> None:
    """Draws accuracy on held-out and golden images over the spans, a line for each play."""
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), dpi=120)
    parts = {"accuracy_of_all": "held-out images as they look now", "golden": "golden set"}
    for axis, (key, title) in zip(axes, parts.items(), strict=True):
        for start in (COLD, WARM):
            name: str | None = NAMES[start]
            for record in plays:
                if record["start"] != start:
                    continue
                steps = last_of_each(record["steps"])
                values = [step["served"][key] for step in steps.values()]
                axis.plot(
                    list(steps), values, color=COLORS[start], label=name, marker="o", markersize=3,
                    linewidth=1.3, alpha=0.8,
                )  # fmt: skip
                name = None
        if key == "accuracy_of_all":
            for record in plays:
                if record["start"] == WARM:
                    values = [record["left_alone"][str(span)] for span in range(2, 9)]
                    axis.plot(range(2, 9), values, color="#d9822b", linewidth=1.0, linestyle="--")
            axis.plot([], [], color="#d9822b", linestyle="--", label="left as it was at span 2")
            axis.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1))
        axis.set_title(title)
        axis.set_xlabel("span")
        axis.grid(alpha=0.3)
    axes[1].set_ylim(0.93, 1.005)
    notes = {3: "drift", 5: "new class", 6: "wrong labels"}
    for axis in axes:
        low, _ = axis.get_ylim()
        for span, text in notes.items():
            axis.axvline(span, color="#b04a3a", linewidth=0.8, linestyle=":")
            axis.text(span + 0.05, low, text, fontsize=7, color="#b04a3a", va="bottom")
    axes[0].set_ylabel("accuracy of the served version")
    axes[1].legend(loc="lower left", bbox_to_anchor=(0.0, 0.1))
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--page", action="store_true", help="plays nothing")
    arguments = parser.parse_args()
    if not arguments.page:
        for seed in arguments.seeds:
            for start in (WARM, COLD):
                record = play(seed, start)
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    plays = [json.loads(line) for line in lines]
    print(table(plays))
    draw(plays, DOCS / "continuous.png")


if __name__ == "__main__":
    main()

"""Compares fine-tuning by the usual script, by an expert's code and by Thaw.

    python -m benchmarks.speed [--seeds N] [--usual-seeds N] [--usual-epochs N] [--table]

Each run is a process of its own, one after the other, and all of a seed's runs come before the next
seed. A line for each is appended to ``results/speed.jsonl``; runs that are there already are not
done again. Five seeds take an hour and a half on 2 cores, an hour of it for the usual script.
``--usual-seeds`` shortens that, and so does ``--usual-epochs``: the time of the other epochs is
then estimated from those after the first, and the accuracy is not that of a whole run. ``--table``
only prints.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent
RESULTS = PROJECT / "benchmarks" / "results" / "speed.jsonl"
USUAL_EPOCHS = {"head": 25, "all": 20}
GOOD = 0.985  # an accuracy that the usual full run nearly reaches in its 20 epochs
PEERS = {
    "usual": ("head", "all"),
    "expert": ("head", "block", "third", "all"),
    "ours": ("head", "block", "third", "all", "schedule"),
    "stock": ("",),
    "input_side": ("",),
}
Run = dict[str, Any]
Value = Callable[[Run], float | None]


def measure(peer: str, mode: str, seed: int, epochs: int | None) -> Run:
    """Runs one script to its end, or for ``epochs`` epochs.

    Raises:
        subprocess.CalledProcessError: when it fails.
    """
    options = [mode, f"--seed={seed}"] if mode else []
    options += [f"--epochs={epochs}"] if epochs else []
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{peer}", *options]
    done = subprocess.run(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    record = json.loads(done.stdout.splitlines()[-1])
    return {"peer": peer, "mode": mode, "seed": seed, **record}


def read() -> list[Run]:
    """Reads the runs in the results."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def measure_all(seeds: int, usual_seeds: int, usual_epochs: int | None) -> None:
    """Does the runs that are missing."""
    known = {(run["peer"], run["mode"], run["seed"]) for run in read()}
    for seed in range(seeds):
        for peer, modes in PEERS.items():
            for mode in modes:
                if (peer, mode, seed) in known or (peer == "usual" and seed >= usual_seeds):
                    continue
                RESULTS.parent.mkdir(exist_ok=True)
                run = measure(peer, mode, seed, usual_epochs if peer == "usual" else None)
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run) + "\n")
                print(f"{peer} {mode} seed {seed}: {run['seconds']:.1f} s", flush=True)


def seconds(run: Run) -> float:
    """Returns a run's seconds from the first read on; epochs that were left out are estimated."""
    left = USUAL_EPOCHS[run["mode"]] - len(run["epochs"]) if run["peer"] == "usual" else 0
    ends = [epoch["seconds"] for epoch in run.get("epochs", [])]
    paces = [after - before for before, after in itertools.pairwise(ends)]
    return float(run["seconds"]) + (left * statistics.median(paces) if left else 0.0)


def step(run: Run) -> float:
    """Returns the milliseconds of a step."""
    return float(run["step_ms"])


def best(run: Run) -> float:
    """Returns the highest validation accuracy of any epoch."""
    return max(float(epoch["accuracy"]) for epoch in run["epochs"])


def until_good(run: Run) -> float | None:
    """Returns the seconds until an epoch's validation accuracy is ``GOOD``; None if none is."""
    return next((e["seconds"] for e in run["epochs"] if e["accuracy"] >= GOOD), None)


def cell(runs: Iterable[Run], value: Value, form: str) -> str:
    """Returns median and range of the runs that have a value, and how many have none."""
    values = [value(run) for run in runs]
    sorted_values = sorted(measured for measured in values if measured is not None)
    if not sorted_values:
        return "never" if values else ""
    text = f"{statistics.median(sorted_values):{form}}"
    if len(sorted_values) > 1:
        text += f" ({sorted_values[0]:{form}} to {sorted_values[-1]:{form}})"
    missed = len(values) - len(sorted_values)
    return f"{text}, never in {missed} of {len(values)}" if missed else text


def table(runs: list[Run]) -> str:
    """Returns the comparison in Markdown."""

    def of(peer: str, mode: str) -> list[Run]:
        return [run for run in runs if (run["peer"], run["mode"]) == (peer, mode)]

    def row(title: str, mode: str, value: Value, form: str = ".1f") -> str:
        cells = [cell(of(peer, mode), value, form) for peer in ("usual", "expert", "ours")]
        return f"| {title} | {' | '.join(cells)} |"

    lines = [
        "| | usual | expert | Thaw |",
        "| --- | --- | --- | --- |",
        row("head, 25 epochs: s", "head", seconds),
        row("head, 25 epochs: best accuracy", "head", best, ".3f"),
        row("last block unfrozen: ms a step", "block", step),
        row("last block, 8 epochs: s", "block", seconds),
        row("last third unfrozen: ms a step", "third", step),
        row("last third, 8 epochs: s", "third", seconds),
        row("last third: best accuracy", "third", best, ".3f"),
        row("all unfrozen: ms a step", "all", step, ".0f"),
        row("all, 8 epochs (usual: 20): s", "all", seconds),
        row("all: best accuracy", "all", best, ".3f"),
        "| | | its fastest to 0.985 | a schedule |",
        f"| to {GOOD}: s | {cell(of('usual', 'all'), until_good, '.1f')} | "
        f"{cell(of('expert', 'third'), until_good, '.1f')} (third), "
        f"{cell(of('expert', 'all'), until_good, '.1f')} (all) | "
        f"{cell(of('ours', 'schedule'), until_good, '.1f')} |",
        f"| the whole schedule: s; best accuracy | | | "
        f"{cell(of('ours', 'schedule'), seconds, '.1f')}; "
        f"{cell(of('ours', 'schedule'), best, '.3f')} |",
        "| | stock TFX pipeline | | Thaw |",
        f"| images to first step: s | {cell(of('stock', ''), seconds, '.1f')} | | "
        f"{cell(of('input_side', ''), seconds, '.1f')} |",
        f"| written: MB | {cell(of('stock', ''), lambda run: run['written_mb'], '.0f')} | | "
        f"{cell(of('input_side', ''), lambda run: run['written_mb'], '.0f')} |",
    ]
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--usual-seeds", type=int)
    parser.add_argument("--usual-epochs", type=int)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if not (PROJECT.parent / "shared" / "data").is_dir():
        sys.exit("bench: needs the shared photos beside the project, which are not here")
    if not arguments.table:
        usual = arguments.seeds if arguments.usual_seeds is None else arguments.usual_seeds
        measure_all(arguments.seeds, usual, arguments.usual_epochs)
    print(table(read()))


if __name__ == "__main__":
    main()

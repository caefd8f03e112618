"""Measures the accuracy of schedules by the size of the data.

The schedules are head-only, full, automatic and hand-written. A hand-written one with augmentation
is measured too, by how many variants of each image are cached.

    python -m benchmarks.quality [--seeds N] [--only TEXT] [--table]

Each run trains on some images of each class, of which a fifth chooses epoch and stage. It is tested
on a fifth of all images, on which no run trains. A line for each run is appended to
``results/quality.jsonl``; runs that are there already are not done again.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import photos
from benchmarks.training import CORPORA, Corpus, Pixels, decoded, fitted
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune.auto import ScheduleInputs, choose_stages

RESULTS = Path(__file__).parent / "results" / "quality.jsonl"
SIZES = (10, 25, 100, None)  # images a class; None for all
METHODS = ("head", "full", "hand", "auto")
# How many variants of each image are cached; 0 for new ones in every epoch.
VARIANTS = {f"{kept} kept": kept for kept in (0, 1, 2, 4, 8)}
COSINE = {"decay": "cosine", "warmup_epochs": 1}


@dataclass(frozen=True)
class Case:
    """One run."""

    corpus: Corpus
    per_class: int | None
    method: str
    seed: int

    @property
    def key(self) -> list[Any]:
        """What identifies the run in the results."""
        return [self.corpus.name, self.per_class, self.method, self.seed]


def stages_of(method: str, rule_inputs: ScheduleInputs) -> list[dict[str, Any]]:
    """Returns a method's stages."""
    if method == "auto":
        return choose_stages(rule_inputs)
    head = {"name": "head", "epochs": 20, "learning_rate": {"peak": 0.01, "decay": "cosine"}}
    if method == "head":
        return [{**head, "epochs": 40}]
    if method == "full":
        rate = {"peak": 1e-3, **COSINE}
        return [{"name": "full", "unfreeze": "all", "epochs": 12, "learning_rate": rate}]
    partial = {"name": "partial", "unfreeze": {"fraction": 0.4}, "epochs": 12}
    partial |= {"learning_rate": {"peak": 1e-3, **COSINE}, "ema": 0.98}
    if method in VARIANTS:
        augmentation = {"crop": 0.7, "color": 0.2}
        partial |= {"augmentation": augmentation, "cached_variants": VARIANTS[method]}
    return [head, partial]


def some(pixels: Pixels, per_class: int | None, share: float) -> tuple[Pixels, Pixels]:
    """Takes the first images of each class, and splits off their last share."""
    first, second = list[int](), list[int]()
    for label in range(photos.CLASSES):
        places = np.flatnonzero(pixels.labels == label)[:per_class].tolist()
        kept = len(places) - max(1, round(share * len(places)))
        first += places[:kept]
        second += places[kept:]
    parts = (Pixels(pixels.images[part], pixels.labels[part]) for part in (first, second))
    return next(parts), next(parts)


def run(case: Case) -> dict[str, Any]:
    """Trains a case, and tests the model that would ship."""
    corpus = case.corpus
    everything, test = decoded(corpus, case.seed)
    train, validation = some(everything, case.per_class, 0.2)
    backbone_blocks = blocks.blocks_of(backbone.load(str(corpus.handle)))
    rule_inputs = ScheduleInputs(
        images=len(train.labels),
        classes=photos.CLASSES,
        side=corpus.side,
        blocks=len(backbone_blocks),
        parameters=sum(block.parameters for block in backbone_blocks),
    )
    options = {
        "label_smoothing": 0.1,
        "stages": stages_of(case.method, rule_inputs),
        "seed": case.seed,
    }
    with fitted(corpus, train, validation, options) as fit:
        held_out = fit.images(test)
        evaluated = fit.context.evaluate(held_out.pixels, held_out.labels)
    return {
        "case": case.key,
        "accuracy": evaluated.accuracy,
        "seconds": round(fit.seconds, 1),
        "shipped": next(stage.name for stage in fit.results if stage.shipped),
        "stages": [[stage.name, stage.epochs, stage.held_out["accuracy"]] for stage in fit.results],
    }


def cases(seeds: int) -> Iterator[Case]:
    """Yields all runs, one seed of each first; then those that cache variants."""
    for seed, corpus, size, method in itertools.product(range(seeds), CORPORA, SIZES, METHODS):
        yield Case(corpus, size, method, seed)
    for seed, size, method in itertools.product(range(seeds), (25, 100), VARIANTS):
        yield Case(CORPORA[1], size, method, seed)


def done() -> list[dict[str, Any]]:
    """Reads the runs in the results."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Does the runs that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="runs whose name holds this text")
    arguments = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    known = [record["case"] for record in done()]
    for case in cases(arguments.seeds):
        if case.key in known or arguments.only not in json.dumps(case.key):
            continue
        result = run(case)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()

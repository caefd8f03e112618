"""Tests the gate with models that were trained on corrupted data, beside honest ones.

    python -m benchmarks.gate_training [--seeds N]

For each seed, it trains on the digits: a baseline; an honest model with another training seed; one
with shuffled labels, which is judged on true labels and also on shuffled ones, as when the data
itself is wrong; one that never saw one of the classes; and one that always gives the same answer.
The gate judges all of them by its default rules. A line for each verdict is appended to
``results/gate_training.jsonl``; seeds that are there already are not run again.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.page import put
from benchmarks.training import CORPORA, Pixels, decoded, fitted

# isort: split

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.gate.predictions import Answers, Predictions, answers_of
from modules.gate.verdict import Baseline, judge
from modules.images import image
from modules.settings import Evaluation

DOCS = Path(__file__).parent.parent / "docs"
RESULTS = Path(__file__).parent / "results" / "gate_training.jsonl"
CLASSES = 10
LABELS = tuple(str(digit) for digit in range(CLASSES))
STAGES = [
    {"name": "head", "epochs": 5, "learning_rate": 0.003},
    {"name": "partial", "unfreeze": {"last": 2}, "epochs": 4, "learning_rate": 0.001},
]
CORRUPTED = ("shuffled", "shuffled, the test too", "a class dropped", "constant")
SERVED = Baseline(1, "version 1 is the one served")

Scores = npt.NDArray[np.float32]


def scores_of(train: Pixels, validation: Pixels, test: Pixels, seed: int) -> Scores:
    """Trains, and scores the test images, float32 [n, classes]."""
    with fitted(CORPORA[0], train, validation, {"stages": STAGES, "seed": seed}) as fit:
        pixels = image.to_range(tf.constant(test.images), fit.context.image)
        return np.asarray(tf.nn.softmax(fit.context.model.logits(pixels)).numpy())


def verdicts(seed: int) -> dict[str, dict[str, Any]]:
    """Returns the gate's verdict on each candidate."""
    everything, test = decoded(CORPORA[0], seed)
    held = len(everything.labels) // 8
    validation, train = everything.part(slice(0, held)), everything.part(slice(held, None))
    chance = np.random.default_rng(seed)

    def shuffled(pixels: Pixels) -> Pixels:
        return Pixels(pixels.images, chance.permutation(pixels.labels))

    dropped = seed % CLASSES
    without = [part.part(part.labels != dropped) for part in (train, validation)]
    baseline = scores_of(train, validation, test, seed)
    wrong = scores_of(shuffled(train), shuffled(validation), test, seed)
    candidates = {
        "honest": (scores_of(train, validation, test, seed + 1000), test),
        "shuffled": (wrong, test),
        "shuffled, the test too": (wrong, shuffled(test)),
        "a class dropped": (scores_of(without[0], without[1], test, seed), test),
        "constant": (np.tile(np.eye(CLASSES, dtype=np.float32)[dropped], (len(baseline), 1)), test),
        "the baseline itself": (baseline, test),
    }
    return {name: _judged(scores, baseline, at) for name, (scores, at) in candidates.items()}


def _judged(scores: Scores, baseline: Scores, test: Pixels) -> dict[str, Any]:
    def answers(of: Scores) -> Answers:
        return answers_of(LABELS, of, test.labels)

    label = np.array([LABELS[place] for place in test.labels])
    predictions = Predictions(label, {}, answers(scores), answers(baseline))
    verdict = judge(predictions, Evaluation(), SERVED)
    broken = sorted({rule.name for rule in verdict.rules if not rule.passed})
    accuracy = round(float(predictions.candidate.hit.mean()), 4)
    return {"verdict": verdict.verdict, "accuracy": accuracy, "n": verdict.n, "broken": broken}


def done() -> list[dict[str, Any]]:
    """Reads the verdicts in the results."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def table(verdicts: list[dict[str, Any]]) -> str:
    """Returns, in Markdown, how often each candidate was blessed."""
    lines = ["| candidate | blessed | refused | accuracy | broken rules |", "| --- " * 5 + "|"]
    for candidate in dict.fromkeys(verdict["candidate"] for verdict in verdicts):
        of_candidate = [verdict for verdict in verdicts if verdict["candidate"] == candidate]
        counts = Counter(verdict["verdict"] for verdict in of_candidate)
        rules = Counter(rule for verdict in of_candidate for rule in verdict["broken"])
        rule_counts = ", ".join(f"`{rule}` {count}" for rule, count in rules.most_common())
        values = sorted(verdict["accuracy"] for verdict in of_candidate)
        lines.append(
            f"| {candidate} | {counts['blessed']} | {counts['refused']} | "
            f"{values[0]:.3f} to {values[-1]:.3f} | {rule_counts} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Runs the seeds that are missing, and writes the table of ``docs/gate_evidence.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=26)
    known = {verdict["seed"] for verdict in done()}
    for seed in range(parser.parse_args().seeds):
        if seed in known:
            continue
        lines = [
            json.dumps({"seed": seed, "candidate": name, **record})
            for name, record in verdicts(seed).items()
        ]
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
    page = DOCS / "gate_evidence.md"
    page.write_text(put(table(done()), page.read_text(encoding="utf-8"), "training"), "utf-8")


if __name__ == "__main__":
    main()

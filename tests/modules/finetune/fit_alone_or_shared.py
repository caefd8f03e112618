"""Fits the bench as one of several processes, or on several devices; ``test_distribution`` runs it.

Arguments: the distribution, a folder for the results and, optionally, one for checkpoints.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from modules.errors import InputError
from modules.finetune import distribution
from modules.finetune.distribution import SumsAndMeans

KIND, FOLDER, *KEPT = sys.argv[1:]
if KIND == "mirrored":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
STRATEGY = distribution.start(KIND)  # before the bench computes anything

from tests.modules import bench  # noqa: E402
from tests.modules.finetune.stages import HEAD, STAGES  # noqa: E402


def main() -> None:
    """Writes the stages, ``chief.json`` or ``other.json``, and beside them the weights."""
    kept = Path(KEPT[0]) if KEPT else None
    fitted = bench.Bench(HEAD, strategy=STRATEGY, checkpoints=kept)
    try:
        results = fitted.fit(*STAGES)
    except InputError as error:
        sys.exit(str(error))
    sums = {count: sums_over(count) for count in range(1, 6)}
    STRATEGY.synchronize(0, FOLDER)  # Waits, lest one is gone while the other works.
    place = Path(FOLDER, "chief" if STRATEGY.is_chief else "other")
    np.savez(place.with_suffix(".npz"), **fitted.weights())
    record = {"stages": [vars(result) for result in results], "sums": sums}
    place.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")


def sums_over(count: int) -> list[float]:
    """Of a batch of rows of two tensors and a third: the sum of products, and the mean."""

    def share(rows: tuple[tf.Tensor, tf.Tensor], factors: tf.Tensor) -> SumsAndMeans:
        product = rows[0] * tf.cast(rows[1], tf.float32) * factors
        return [tf.reduce_sum(product)], [tf.reduce_mean(product)]

    places = tf.range(count)
    rows = (tf.cast(places, tf.float32), tf.cast(places, tf.int64) + 1)
    over = tf.function(lambda *tensors: STRATEGY.reduce_rows(share, *tensors), autograph=False)
    (total,), (mean,) = over(rows, tf.fill((count,), 2.0))
    return [float(total), float(mean)]


main()

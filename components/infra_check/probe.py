"""The process that loads the candidate: ``python -m components.infra_check.probe MODEL EXAMPLES``.

Prints one JSON line: ``problems``, a list of sentences, and ``milliseconds``, the median time of a
request of one image. A crash or a hang of the model ends this process, not the pipeline's.
"""

import json
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path

import numpy as np
import tensorflow as tf

from modules import features
from modules.export import read_labels

_IMAGES = 16
_TIMED = 10


def read_some(pattern: str, count: int = _IMAGES) -> list[bytes]:
    """The bytes of the first images of a split."""
    spec = {features.IMAGE_BYTES: tf.io.FixedLenFeature((), tf.string)}
    records = tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(pattern))).take(count)
    return [
        tf.io.parse_single_example(record, spec)[features.IMAGE_BYTES].numpy() for record in records
    ]


def probe(model: str, images: list[bytes]) -> tuple[list[str], float]:
    """What is wrong with how the model serves, and its median latency in milliseconds."""
    serve = tf.saved_model.load(model).signatures[features.SERVE_IMAGES]
    labels = read_labels(Path(model))
    problems = []
    for batch in (images[:1], images):
        result = serve(image_bytes=tf.constant(batch))
        problems += check_answer(
            result[features.SCORES].numpy(), result[features.LABEL].numpy(), labels, len(batch)
        )
    try:
        serve(image_bytes=tf.constant([b"no image"]))
        problems.append("bytes that are no image were given a label instead of an error")
    except tf.errors.InvalidArgumentError:
        pass
    times = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        serve(image_bytes=tf.constant(images[:1]))
        times.append(1000 * (time.perf_counter() - start))
    return problems, statistics.median(times)


def check_answer(
    scores: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]",
    answered: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]",
    labels: list[str],
    count: int,
) -> list[str]:
    """What is wrong with an answer to ``count`` images; nothing for a good one."""
    if scores.shape != (count, len(labels)):
        return [f"scores have the shape {list(scores.shape)}, not {[count, len(labels)]}"]
    if not np.isfinite(scores).all():
        return ["some scores are not finite"]
    problems = []
    if not np.allclose(scores.sum(axis=1), 1.0, atol=1e-3):
        problems.append("the scores of an image do not add up to 1")
    if [label.decode() for label in answered] != [labels[i] for i in scores.argmax(axis=1)]:
        problems.append("a label is not the one of the highest score")
    return problems


if __name__ == "__main__":
    found, milliseconds = probe(sys.argv[1], read_some(sys.argv[2]))
    print(json.dumps({"problems": found, "milliseconds": round(milliseconds, 3)}))

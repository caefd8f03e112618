"""The process that converts: ``python -m components.exports.convert_worker FOLDER``.

The converter may crash; then this process ends, and not the pipeline's.
"""

import hashlib
import heapq
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from components.exports.convert import DONE_FILE, JOB_FILE
from components.subprocess_runner import watch_parent
from modules import lite
from modules.images import encoded, image
from modules.settings import ImageSpec

_IMAGES = 200  # to show ranges, and to verify, at most


def decoded(patterns: Sequence[str], spec: ImageSpec) -> lite.Pixels:
    """Images of some records, uint8 [n, height, width, 3]: those with the least hashes.

    So the choice does not depend on the order, which may be that of the classes.
    """
    contents = encoded.read(patterns)
    chosen = heapq.nsmallest(_IMAGES, contents, lambda content: hashlib.sha256(content).digest())
    return np.stack([image.decode(tf.constant(content), spec).numpy() for content in chosen])


def work(job: dict[str, Any]) -> lite.Comparison:
    """Converts, writes the file, and compares.

    Args:
        job: ``model``, a SavedModel's folder; ``kind``; ``image``, an ``ImageSpec``; ``sample`` and
            ``test``, lists of patterns of records; ``file``, to write to.
    """
    spec = ImageSpec.model_validate(job["image"])
    model = Path(job["model"])
    content = lite.convert(model, job["kind"], decoded(job["sample"], spec))
    Path(job["file"]).write_bytes(content)
    return lite.compare(content, model, decoded(job["test"], spec))


if __name__ == "__main__":
    watch_parent()
    folder = Path(sys.argv[1])
    comparison = work(json.loads((folder / JOB_FILE).read_text(encoding="utf-8")))
    (folder / DONE_FILE).write_text(json.dumps(vars(comparison)), encoding="utf-8")

"""What Trainer writes and others read: names of files in an exported model, and of its signatures.

Who only needs a name or the labels imports this and no TensorFlow, and its fingerprint holds
nothing of the backbones or of the training.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SAVED_MODEL = "saved_model.pb"
VARIABLES = "variables/variables"  # the prefix of the checkpoint's files
# Beside the model, where TensorFlow Serving looks for nothing but its warm-up requests.
EXTRA = "assets.extra"
LABELS = f"{EXTRA}/labels.txt"  # a line each, in the order of the scores
BACKBONE = f"{EXTRA}/backbone.json"  # modules.backbones.loading.origin.Origin
MODEL = f"{EXTRA}/thaw_model.json"  # modules.finetune.model_record.ModelRecord
WARMUP_REQUESTS = f"{EXTRA}/tf_serving_warmup_requests"  # TensorFlow Serving's name
NOTE = f"{EXTRA}/thaw.json"  # in a version that was pushed: how it came to be

# Signatures, their inputs and outputs.
SERVE_IMAGES = "serving_default"  # image_bytes: string [batch]
SERVE_EXAMPLES = "serving_examples"  # examples: string [batch], serialized tf.Examples
SERVE_PIXELS = "serving_pixels"  # pixels: uint8 [batch, height, width, 3]
TRANSFORM_LABELS = "transform_labels"  # examples: string [batch]
EXAMPLES = "examples"
PIXELS = "pixels"
SCORES = "scores"  # float32 [batch, classes], each row sums to 1
# The other names are keys of an Example too, and lie in ``features``: IMAGE_BYTES, the input of
# SERVE_IMAGES; LABEL, its other output, the name of the class of the highest score; and
# LABEL_INDEX, the output of TRANSFORM_LABELS.

IMAGES_AT_ONCE = 32  # that pass through a served model together; a larger batch goes in parts

# In Trainer's ModelRun: {"schedule": {...}, "stages": [StageResult, ...], "shipped": {...}}.
HISTORY = "history.json"


def is_saved_model(folder: Path) -> bool:
    """Whether a folder holds a SavedModel, as TensorFlow writes it."""
    return (folder / SAVED_MODEL).is_file()


def has_labels(folder: Path) -> bool:
    """Whether a SavedModel has the labels that only an export of Thaw has."""
    return (folder / LABELS).is_file()


def write_labels(labels: Sequence[str], folder: Path) -> None:
    """Writes the labels beside a model, for programs that do not load it.

    Args:
        labels: names of the classes without line breaks, in the order of the scores.
        folder: the SavedModel's.
    """
    path = folder / LABELS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{label}\n" for label in labels).encode())


def read_labels(folder: Path) -> list[str]:
    """The labels of an exported model.

    Raises:
        OSError: when the file cannot be read.
        UnicodeDecodeError: when it is not UTF-8.
    """
    return (folder / LABELS).read_bytes().decode().split("\n")[:-1]


def read_history(folder: Path) -> dict[str, Any]:
    """What Trainer wrote to a ModelRun's folder: ``schedule``, ``stages`` and ``shipped``."""
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    assert isinstance(history, dict)
    return history

"""Whether a served version can be asked about images, as far as its files say or by loading it."""

from collections.abc import Collection
from pathlib import Path

import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2

from modules import model_layout
from modules.text import cause

# The signatures that the Evaluator calls.
TO_EVALUATE = (model_layout.SERVE_EXAMPLES, model_layout.TRANSFORM_LABELS)


def problem_of(folder: Path, needed: Collection[str] = TO_EVALUATE) -> str:
    """Why a version cannot be asked, as far as its files say; empty if it can.

    The graph is read, not run.

    Args:
        folder: the version's.
        needed: the signatures that are to be called.
    """
    file = folder / model_layout.SAVED_MODEL
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except FileNotFoundError:
        return f"its folder holds no {model_layout.SAVED_MODEL} any more"
    except (OSError, message.DecodeError) as error:
        return f"its {model_layout.SAVED_MODEL} cannot be read ({type(error).__name__})"
    signatures = {key for graph in saved_model.meta_graphs for key in graph.signature_def}
    missing = [name for name in needed if name not in signatures]
    if missing:
        return f"it has no signature {' and no '.join(missing)}, so Thaw did not export it"
    if not model_layout.has_labels(folder):
        return f"it has no {model_layout.LABELS}"
    return ""


def problem_of_loading(folder: Path) -> str:
    """Why a version cannot be loaded; empty if it can."""
    try:
        tf.saved_model.load(str(folder))
    except Exception as error:  # Whatever it raises, the version is at fault.
        return f"it cannot be loaded ({type(error).__name__}: {cause(error)})"
    return ""

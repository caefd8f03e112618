"""Whether a served version can be evaluated beside a candidate."""

from pathlib import Path

import tensorflow as tf
from google.protobuf import message
from tensorflow.core.protobuf import saved_model_pb2

from modules import model_layout
from modules.text import cause

_NEEDED = (model_layout.SERVE_EXAMPLES, model_layout.TRANSFORM_LABELS)


def problem_of(folder: Path) -> str:
    """Why a version cannot be evaluated, as far as its files say; empty if it can.

    The graph is read, not run.
    """
    file = folder / model_layout.SAVED_MODEL
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except FileNotFoundError:
        return f"its folder holds no {model_layout.SAVED_MODEL} any more"
    except (OSError, message.DecodeError) as error:
        return f"its {model_layout.SAVED_MODEL} cannot be read ({type(error).__name__})"
    signatures = {key for graph in saved_model.meta_graphs for key in graph.signature_def}
    missing = [name for name in _NEEDED if name not in signatures]
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

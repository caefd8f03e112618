"""Uses an export for serving as a backbone, by calling its signature.

``model.export`` and ``tf.saved_model.save`` of Keras 3, and many plain exports, have no
``__call__``. But they have a signature that takes images and reads their variables: that is enough.
"""

import posixpath
from typing import Any

import tensorflow as tf

from modules import model_layout

_DEFAULT = "serving_default"


class Exported(tf.train.Checkpoint):
    """A loaded SavedModel that is called through a signature with one argument.

    Attributes:
        loaded: the loaded object.
        traces: a list of the signature alone.
        variables, trainable_variables: the variables that the signature reads.
    """

    def __init__(self, loaded: Any, signature: Any) -> None:
        super().__init__()
        self.loaded = loaded
        self.traces = [signature]
        self.variables = list(signature.variables)
        self.trainable_variables = [variable for variable in self.variables if variable.trainable]

    def __call__(self, images: tf.Tensor) -> Any:
        """Returns the signature's outputs, in inference."""
        (name,) = self.traces[0].structured_input_signature[1]
        return self.traces[0](**{name: images})


def as_module(loaded: Any) -> Exported | None:
    """Makes a SavedModel without a call callable; returns None if no signature is suitable.

    A signature is suitable if it is ``serving_default`` or the only one, and has one argument.
    """
    signatures = getattr(loaded, "signatures", {})
    if _is_tf1(loaded) or not signatures:
        return None
    name = _DEFAULT if _DEFAULT in signatures else next(iter(signatures))
    signature = signatures[name]
    if name != _DEFAULT and len(signatures) > 1:
        return None
    takes_one = len(signature.structured_input_signature[1]) == 1
    return Exported(loaded, signature) if takes_one else None


def problem_of(loaded: Any, folder: str) -> str:
    """Says why a SavedModel without a call is no backbone; empty if ``as_module`` must decide."""
    if tf.io.gfile.exists(posixpath.join(folder, model_layout.LABELS)):
        return (
            "was exported by an older version of Thaw, whose exports cannot be backbones; run its "
            "config again, and use the version that this pushes"
        )
    if _is_tf1(loaded):
        return "is a SavedModel of TF1, which cannot be fine-tuned; use the same network's TF2 form"
    return ""


def in_words(loaded: Any) -> str:
    """Says what a SavedModel has instead of a call or a signature that takes images."""
    signatures = getattr(loaded, "signatures", {})
    named = f"its signatures are {', '.join(signatures)}" if signatures else "it has no signature"
    return (
        "is no reusable TF2 SavedModel: it has no __call__, and no signature that takes images "
        f"alone ({named}); use a TF2 image feature vector, or export the network with "
        'keras.export.ExportArchive and add_endpoint("__call__", ...)'
    )


def _is_tf1(loaded: Any) -> bool:
    """Whether it is TF1's: TensorFlow loads such a model as a graph, which has ``prune``."""
    return hasattr(loaded, "prune")

"""An export for serving as a backbone: its signature is the call that it lacks.

``model.export`` and ``tf.saved_model.save`` of Keras 3, and many a plain export, have no
``__call__``, but a signature of images that reads their variables, which is all that is needed.
"""

import posixpath
from typing import Any

import tensorflow as tf

from modules import model_layout

_DEFAULT = "serving_default"


class Exported(tf.train.Checkpoint):
    """A loaded SavedModel that is called through a signature of one argument.

    Attributes:
        loaded: what was loaded.
        traces: the signature alone.
        variables, trainable_variables: those that the signature reads.
    """

    def __init__(self, loaded: Any, signature: Any) -> None:
        super().__init__()
        self.loaded = loaded
        self.traces = [signature]
        self.variables = list(signature.variables)
        self.trainable_variables = [one for one in self.variables if one.trainable]

    def __call__(self, images: tf.Tensor) -> Any:
        """What the signature gives, in inference."""
        (name,) = self.traces[0].structured_input_signature[1]
        return self.traces[0](**{name: images})


def as_module(loaded: Any) -> Exported | None:
    """A SavedModel without a call as one that has it; None where no signature will do.

    It is the signature ``serving_default``, or the only one, and takes one argument.
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
    """Why a SavedModel without a call is no backbone; empty where ``as_module`` may tell more."""
    if tf.io.gfile.exists(posixpath.join(folder, model_layout.LABELS)):
        return (
            "is a model of an older Thaw, whose exports could not be backbones; run its config "
            "again, and give the version that this pushes"
        )
    if _is_tf1(loaded):
        return (
            "is a SavedModel of TF1, which cannot be fine-tuned; take the same network's TF2 form"
        )
    return ""


def in_words(loaded: Any) -> str:
    """What a SavedModel has in place of a call and of a signature of images."""
    signatures = getattr(loaded, "signatures", {})
    named = f"its signatures are {', '.join(signatures)}" if signatures else "it has no signature"
    return (
        "is no reusable TF2 SavedModel: it has no __call__, and no signature that takes images "
        f"alone ({named}); take a TF2 image feature vector, or export the network with "
        'keras.export.ExportArchive and add_endpoint("__call__", ...)'
    )


def _is_tf1(loaded: Any) -> bool:
    """TensorFlow gives such a model as the graph that it is, of which parts can be taken."""
    return hasattr(loaded, "prune")

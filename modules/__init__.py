"""What TFX calls inside its standard nodes, in the order of the data.

``features`` and ``settings`` name things; ``image`` is the one image function; ``preprocessing``
is Transform's; ``backbone``, ``read_order``, ``blocks`` and ``schedule`` turn a Hub SavedModel and
a configured schedule into lists of variables; ``inputs``, ``classifier``, ``training``, ``export``
and ``trainer`` are Trainer's; ``evaluation`` is the Evaluator's. Nothing here imports ``pipeline``.
"""

import os

# The one place where the generation of Keras is chosen. TFX and Hub are written for Keras 2, which
# TensorFlow takes from tf_keras when this is set before its first use; every entry point, on this
# machine or on a worker, imports this package before TensorFlow.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

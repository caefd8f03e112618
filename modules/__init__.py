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
os.environ["TF_USE_LEGACY_KERAS"] = "1"

# What a person has set for other programs with Keras, another backend, float16, a most of epochs,
# is not meant for Thaw. No file lies below this path, nor can one be made there: Keras 2 and 3 both
# take their defaults then.
for _name in [name for name in os.environ if name.startswith("KERAS_")]:
    del os.environ[_name]
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = os.path.join(os.devnull, "keras")
os.environ["MPLBACKEND"] = "agg"  # Pictures go to files.

# A user of a container may have none, and nltk, which TFX brings, ends the import for it. Nothing
# is read or written there, as a folder that all may write to would let others do.
if os.path.expanduser("~") == "~":
    os.environ["HOME"] = os.devnull

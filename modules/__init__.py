"""The code that TFX calls inside its standard nodes, and what that code needs.

TFX calls ``preprocessing`` (Transform) and ``trainer`` (Trainer) by name; ``export``, ``lite`` and
``warmup`` write what serving needs. The folders hold the options, the images, the backbones, the
schedule and the gate; ARCHITECTURE.md says what is in each. Nothing here imports ``pipeline`` or
``components``.
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

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

# A person's settings for other programs with Keras (another backend, float16, a limit of epochs)
# are not meant for Thaw. No file can exist below this path, so Keras 2 and 3 both use their
# defaults.
for _name in [name for name in os.environ if name.startswith("KERAS_")]:
    del os.environ[_name]
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = os.path.join(os.devnull, "keras")
os.environ["MPLBACKEND"] = "agg"  # Pictures go to files.

# A user of a container may have no home, and then the import of nltk, on which TFX depends, fails.
# Nothing is read or written there, which a folder that all may write to would let others do.
if os.path.expanduser("~") == "~":
    os.environ["HOME"] = os.devnull

"""The input data that ships: the digits, and a backbone that was pretrained on printed glyphs."""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

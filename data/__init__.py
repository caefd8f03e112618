"""What ships as input: the digits, and the backbone that was pretrained on printed glyphs."""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

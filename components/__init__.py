"""Thaw's own nodes of the graph, a folder each: a thin executor over plain functions."""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

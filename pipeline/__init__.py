"""What runs, in which order: the configuration, the graph, the local runner, the command line."""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

"""What runs, in which order: the configuration, the graph, the runners, the command line.

``configuration`` reads and checks the config. ``preflight`` and ``preparation`` do every check that
comes before the work; ``graph`` builds the nodes, ``compiled`` keeps what is settled, and ``node``
runs one node. ``runners`` say which node runs when. ``caching`` makes the cache keys depend on code
and not on places, and ``state`` is the root with all that it keeps. ``commands`` and ``cli`` are
what a person calls.
"""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

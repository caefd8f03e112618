"""Thaw's own nodes of the graph, a folder each: a thin executor over plain functions.

``serving`` and ``records`` are no nodes. ``serving`` reads and changes the folder of pushed
versions. ``records`` has the typed forms of the files that nodes hand to each other and that a run
leaves behind, its summary among them. ``disk`` writes files that are either whole or not there.
Nodes are built from ``artifacts``, ``node_spec``, ``driver`` and ``subprocess_runner``.
"""

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

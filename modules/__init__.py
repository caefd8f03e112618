"""What TFX calls inside its standard nodes, in the order of the data.

``features`` and ``settings`` name things; ``image`` is the one image function; ``preprocessing``
is Transform's; ``backbone``, ``read_order``, ``blocks`` and ``schedule`` turn a Hub SavedModel and
a configured schedule into lists of variables; ``inputs``, ``training``, ``export`` and ``trainer``
are Trainer's; ``evaluation`` is the Evaluator's. Nothing here imports ``pipeline``.
"""

"""The configuration, from a YAML file to a frozen, checked object.

``loading`` reads it, through ``safe_yaml``, and ``mistakes`` says what is wrong; ``config`` is the
object. ``handles``, ``places`` and ``beam`` check what its keys refer to. ``record`` keeps what it
takes to repeat a run.
"""

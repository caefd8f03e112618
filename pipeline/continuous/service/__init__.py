"""``thaw retrain --watch``: polls for new data again and again, until it is told to stop.

``loop`` decides when to poll again, and knows neither clock nor process. ``child`` runs one poll in
a process of its own, ``stopping`` takes signals, ``monitor`` and ``web`` show how it goes, and
``watch`` puts them together. Nothing here imports TensorFlow, so the process stays small.
"""

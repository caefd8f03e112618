"""Whether to train, and why; imports no TensorFlow, as most calls of ``thaw retrain`` say no.

``situation`` gathers what is known, ``triggers`` and ``drift_trigger`` compare what is new with
what is served, ``decide`` gives the answer, and ``decisions`` is the file of all answers.
"""

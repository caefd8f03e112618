"""Continuous retraining: ``spans`` ingests the data, ``decision`` says whether to train on it.

``retraining`` is one call of ``thaw retrain``, ``window_run`` one of ``thaw run`` with a window,
and ``service`` calls the former once a period.
"""

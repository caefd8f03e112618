"""Judges a candidate. No other node blesses a model."""

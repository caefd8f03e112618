"""Chooses the spans that a model is trained and judged on."""

"""Chooses the model that a candidate is compared with."""

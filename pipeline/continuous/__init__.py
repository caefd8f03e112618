"""Continuous retraining: what comes in is looked at and taken in, and a model is trained again."""

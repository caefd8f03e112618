"""Stops a run before Transform when the data may not be trained on."""

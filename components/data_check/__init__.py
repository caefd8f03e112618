"""Stops a run before Transform if training cannot start with its data."""

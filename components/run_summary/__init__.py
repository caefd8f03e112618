"""Gathers what a run did into one JSON object."""

"""A module as one flat graph: its analysis, its transformations and its import."""

"""The module as one flat graph, and what can be read from it and done with it."""

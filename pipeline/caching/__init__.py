"""What TFX's cache keys depend on: the code that a node imports, and not where files lie."""

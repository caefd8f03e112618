"""Who calls a node, and when."""

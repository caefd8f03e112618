"""A Hub module: loaded, seen as a graph, and parted into blocks."""

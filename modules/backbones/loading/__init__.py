"""From a handle to a loaded module: where it may lie, how it is fetched, what form it has."""

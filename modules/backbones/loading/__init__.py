"""From a handle to a loaded module: where it may come from, how it is fetched, its form."""

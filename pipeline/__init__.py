"""What runs, in which order: the configuration, the graph, the local runner, the command line."""

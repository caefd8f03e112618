"""The commands, a file for each kind; ``pipeline.cli`` imports all of them."""

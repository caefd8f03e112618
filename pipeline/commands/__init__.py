"""What each command does; ``pipeline.cli`` is their command line."""

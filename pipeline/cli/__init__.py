"""The command line: options, exit statuses, messages. ``pipeline.commands`` has what they do."""

from pipeline.cli.entry_point import main

__all__ = ["main"]

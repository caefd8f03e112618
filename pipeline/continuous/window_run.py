"""Runs the pipeline once, over a window of spans where the config has one."""

from pathlib import Path

from components.records.summary import Summary
from modules.settings import Override
from pipeline.configuration.config import Config
from pipeline.continuous.spans.ingest import ingest_window
from pipeline.runners import local


def run(
    config: Config,
    *,
    summary_file: Path | None = None,
    verbose: bool = False,
    forced: Override | None = None,
    adopt: bool = False,
    cold: bool = False,
) -> Summary:
    """As ``local.run``; with a window, it ingests first what is new."""
    return local.run(
        config,
        summary_file=summary_file,
        verbose=verbose,
        forced=forced,
        adopt=adopt,
        cold=cold,
        ingest=ingest_window if config.data.window else None,
    )

"""The command line. Nothing heavy is imported until a command needs it."""

import sys
import warnings

import typer

from modules.errors import InputError, StageError

# ``thaw --help`` shows the commands in the order of these imports.
# isort: off
from pipeline.commands import run, backbone, model, serving  # noqa: F401
from pipeline.commands.app import FAILED, WRONG_INPUT, app
# isort: on

__all__ = ["app", "main"]


def main() -> None:
    """Entry point: one line for a person's mistake, and one for a stage that failed."""
    if not sys.warnoptions:  # Libraries warn of their own business; -W brings that back.
        warnings.simplefilter("ignore")
    try:
        app()
    except InputError as error:
        typer.echo(f"thaw: {error}", err=True)
        sys.exit(WRONG_INPUT)
    except StageError as error:
        typer.echo(f"thaw: {error}", err=True)
        sys.exit(FAILED)

"""The command line. Nothing heavy is imported until a command needs it."""

import os
import sys
import warnings

import typer

from modules.errors import BusyError, InputError, Interrupted, StageError
from pipeline import collector, interruption

# ``thaw --help`` shows the commands in the order of these imports.
# isort: off
from pipeline.cli import run, retrain, backbone, model, serving, spans, roots, schema  # noqa: F401
from pipeline.cli.app import BUSY, FAILED, OK, WRONG_INPUT, app
# isort: on


def main() -> None:
    """Entry point: one line for a person's mistake, for a stage that failed, and for a signal."""
    collector.leave_out_at_exit()
    if not sys.warnoptions:  # Libraries' warnings are shown with -W.
        warnings.simplefilter("ignore")
    with interruption.watched() as signals:
        try:
            status, line = _status(), ""
        except InputError as error:
            status, line = WRONG_INPUT, str(error)
        except BusyError as error:
            status, line = BUSY, str(error)
        except StageError as error:
            status, line = FAILED, str(error)
        except Interrupted as end:
            status, line = end.status, str(end)
        except (Exception, KeyboardInterrupt):
            if not signals.number:
                raise
            status, line = FAILED, ""
        # A library may have turned the interruption into an error of its own.
        if signals.number and not line.startswith("interrupted"):
            interruption_line = signals.ended("; run it again")
            status, line = interruption_line.status, str(interruption_line)
        if line:
            typer.echo(f"thaw: {line}", err=True)
        if signals.number:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)  # Libraries' threads may still be at work.
    sys.exit(status)


def _status() -> int:
    """Runs the command; an error in the arguments, or ``typer.Exit``, is its status."""
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    return OK

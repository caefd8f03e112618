"""``thaw run``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.errors import InputError
from pipeline.cli.app import OK, REFUSED, RootOption, SetOption, app

if TYPE_CHECKING:
    from modules.settings import Override


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A YAML file.", show_default=False)
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes a copy of the summary there.")
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="SUMMARY", help="Repeats this summary's run, in place of CONFIG."
        ),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Takes over the root of a pipeline with another name.")
    ] = False,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold", help="Trains from the pretrained backbone this once, whatever is served."
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Shows TFX's log.")] = False,
    force_by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Blesses the candidate, whatever the gate says, in this name."
        ),
    ] = None,
    force_reason: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The reason that is recorded for the forced blessing."),
    ] = None,
) -> None:
    """Runs the pipeline once.

    Exit status:

      0  a model was pushed, or nothing had changed
      1  a stage failed
      2  the config or the data is wrong
      3  the gate refused the model
     75  another run holds the root, or another push the serving folder
    130  it was interrupted by Ctrl-C; 143 by SIGTERM
    """
    from pipeline import reporting
    from pipeline.configuration import loading, record
    from pipeline.continuous import window_run

    if (config is None) == (from_ is None):
        raise InputError("CONFIG: give a config, or --from with a run's summary, and not both")
    recorded = record.read_from(from_) if from_ else None
    if recorded:
        loaded = loading.load_recorded(recorded, set_ or (), root)
    else:
        assert config is not None
        loaded = loading.load(config, set_ or (), root)
    forced = _forced(force_by, force_reason)
    result = window_run.run(
        loaded, summary_file=summary, verbose=verbose, forced=forced, adopt=adopt, cold=cold
    )
    typer.echo(reporting.outcome(result, loaded))
    if recorded:
        typer.echo(reporting.repeated(recorded, result))
    raise typer.Exit(REFUSED if result.status == "rejected" else OK)


def _forced(by: str | None, reason: str | None) -> "Override | None":
    """A forced blessing, which takes both a name and a reason.

    Raises:
        InputError: when one is missing.
    """
    if by is None and reason is None:
        return None
    if not by or not reason:
        raise InputError(
            "--force-by and --force-reason: one is missing or empty; a forced blessing is recorded "
            "with a name and a reason, so give both"
        )
    from modules.settings import Override

    return Override(by=by, reason=reason)

"""``thaw retrain``."""

from typing import Annotated

import typer

from pipeline.cli.app import OK, REFUSED, ConfigFile, JsonOption, RootOption, SetOption, app


@app.command()
def retrain(
    config: ConfigFile,
    root: RootOption = None,
    set_: SetOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Says what would be decided, and writes nothing.")
    ] = False,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold", help="Trains from the pretrained backbone this once, whatever is served."
        ),
    ] = False,
    as_json: JsonOption = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Shows TFX's log.")] = False,
) -> None:
    """Takes in new spans of data, and trains if a trigger of retrain.when is met.

    Exit status: as of thaw run; 0 if nothing is due, too.
    """
    from contextlib import nullcontext

    from pipeline import display, reporting
    from pipeline.configuration import loading
    from pipeline.continuous import retraining
    from pipeline.continuous.retraining import Outcome

    loaded = loading.load(config, set_ or (), root)
    with display.shown_on_standard_error() if as_json else nullcontext():
        if dry_run:
            outcome = Outcome(retraining.dry_run(loaded))
        else:
            outcome = retraining.retrain(
                loaded, lambda line: typer.echo(line, err=True), verbose=verbose, cold=cold
            )
        if outcome.summary:
            typer.echo(reporting.outcome(outcome.summary, loaded), err=as_json)
    if as_json:
        typer.echo(outcome.decision.as_text(), nl=False)
    elif not outcome.summary:
        typer.echo(outcome.decision.sentence)
    is_refused = outcome.summary is not None and outcome.summary.status == "rejected"
    raise typer.Exit(REFUSED if is_refused else OK)

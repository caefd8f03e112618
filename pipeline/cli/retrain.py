"""``thaw retrain``, once or as a service."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated

import typer

from modules.errors import InputError
from pipeline.cli.app import OK, REFUSED, ConfigFile, JsonOption, RootOption, SetOption, app

_EVERY = "15m"


class LogForm(str, Enum):
    """The forms of the service's log."""

    TEXT = "text"
    JSON = "json"


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
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Runs as a service: does this once a period until it is stopped."
        ),
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD", help=f"With --watch, how often, such as 1h; {_EVERY} by default."
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="With --watch, serves /healthz and /metrics there."),
    ] = None,
    log: Annotated[
        LogForm | None, typer.Option(help="With --watch, the format of the log; text by default.")
    ] = None,
) -> None:
    """Ingests new spans of data, and trains if a trigger of retrain.when is met.

    The exit status is that of thaw run; 0 also means that no training was due. With --watch:

      0  a signal has stopped the service
      1  retrain.max_failures runs in a row have failed
      2  the config is wrong
     75  another service runs for the same root
    """
    of_service = {"--every": every, "--http": http, "--log": log}
    of_one_run = {"--dry-run": dry_run, "--cold": cold, "--json": as_json, "--verbose": verbose}
    _check_mode(of_one_run if watch else of_service, watch=watch)
    if watch:
        from pipeline.continuous.service import watch as service

        request = service.Request(
            file=config,
            every=service.seconds_of(_EVERY if every is None else every),
            overrides=tuple(set_ or ()),
            root=root,
            http=http,
            form=(log or LogForm.TEXT).value,
        )
        raise typer.Exit(service.watch(request))
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


def _check_mode(of_other_mode: Mapping[str, object], *, watch: bool) -> None:
    """Refuses options of the other mode, which would have no effect."""
    for option, value in of_other_mode.items():
        if value not in (None, False):
            remedy = "remove one of them" if watch else "add --watch, or remove it"
            rule = "does not go with --watch" if watch else "goes with --watch alone"
            raise InputError(f"{option}: {rule}; {remedy}")

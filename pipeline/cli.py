"""The command line. Nothing heavy is imported until a command needs it."""

import signal
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules import text
from modules.errors import InputError, StageError

if TYPE_CHECKING:
    from modules.settings import Forced

# Exit statuses of ``thaw run``; other programs rely on them.
OK, FAILED, WRONG_INPUT, REFUSED = 0, 1, 2, 3

app = typer.Typer(
    help="Fine-tunes a TensorFlow Hub backbone on your images, gates it, and pushes it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")]
RootOption = Annotated[
    Path | None, typer.Option("--root", metavar="DIR", help="Replaces the config's root.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Replaces one value, given as YAML."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Prints JSON.")]


@app.command()
def run(
    config: ConfigFile,
    root: RootOption = None,
    set_: SetOption = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes the summary there too.")
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Shows TFX's log.")] = False,
    force_by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who blesses this candidate whatever the gate says."),
    ] = None,
    force_reason: Annotated[str | None, typer.Option(metavar="TEXT", help="And why.")] = None,
) -> None:
    """Runs the pipeline once.

    Exit status: 0 a model was pushed or nothing had changed, 3 the gate refused it, 2 the config
    or the input is wrong, 1 a stage failed.
    """
    from pipeline import loading, local, reporting

    loaded = loading.load(config, set_ or (), root)
    forced = _forced(force_by, force_reason)
    # As Ctrl-C does, so that what is temporary is removed and the summary says so.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    result = local.run(loaded, summary_file=summary, verbose=verbose, forced=forced)
    typer.echo(reporting.outcome(result, loaded))
    raise typer.Exit(REFUSED if result.status == "rejected" else OK)


@app.command()
def inspect(
    target: Annotated[str, typer.Argument(metavar="CONFIG|HANDLE", help="What to look into.")],
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows a backbone's blocks, in the order of the data, and what each stage would train."""
    from pipeline import inspection, output

    with output.quiet():
        found = inspection.inspect(target, set_ or (), root)
    typer.echo(text.as_json(found, indent=1) if as_json else inspection.as_text(found))


@app.command("lr-find")
def lr_find(
    config: ConfigFile,
    stage: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which; the first if left out. Those before it are trained first."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", help="How many rates are tried.")] = 100,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The PNG; lr_find_<stage>.png in the root if left out."),
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows at which learning rates a stage learns, and where its loss blows up.

    A range test (Smith 2017) on the config's images: each step's rate is higher, from 1e-6 to 1.
    Nothing is kept but the picture.
    """
    from pipeline import loading, lr_finding, output

    loaded = loading.load(config, set_ or (), root)
    with output.quiet() as visible, nullcontext() if as_json else output.Display(visible):
        found = lr_finding.find(loaded, stage, steps, picture)
    typer.echo(text.as_json(found, indent=1) if as_json else lr_finding.as_text(found))


@app.command()
def predict(
    target: Annotated[str, typer.Argument(metavar="CONFIG|MODEL_DIR", help="Whose model.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.")],
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Labels images with the pushed model, through its serving signature."""
    from pipeline import output, prediction

    model = prediction.find_model(target, set_ or (), root)
    with output.quiet():
        found = prediction.predict(model, images)
    typer.echo(text.as_json(found, indent=1) if as_json else prediction.as_text(found))


@app.command()
def gate(
    config: ConfigFile,
    candidate: Annotated[Path, typer.Option(metavar="MODEL_DIR", help="What is judged.")],
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="MODEL_DIR", help="What it is compared with; else what is served."),
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judges a model that Thaw exported on the config's test images, as a run would.

    Nothing is trained or pushed. Exit status: 0 blessed, 3 refused.
    """
    from pipeline import judging, loading, output

    loaded = loading.load(config, set_ or (), root)
    with output.quiet() as visible, nullcontext() if as_json else output.Display(visible):
        found = judging.judge(loaded, candidate, baseline)
    typer.echo(text.as_json(found, indent=1) if as_json else judging.as_text(found))
    raise typer.Exit(OK if judging.is_blessed(found) else REFUSED)


@app.command()
def versions(
    config: ConfigFile,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows what was pushed when, by which run, with which metrics, and what is served."""
    from pipeline import loading, versions

    loaded = loading.load(config, set_ or (), root)
    found = versions.pushed(loaded)
    typer.echo(text.as_json(found, indent=1) if as_json else versions.as_text(loaded, found))


@app.command()
def rollback(
    config: ConfigFile,
    version: Annotated[
        int | None,
        typer.Argument(metavar="VERSION", help="The one before the newest if left out."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who does it; the user if left out.")
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Goes back to an earlier version: withdraws those that came after it."""
    from pipeline import loading, versions

    typer.echo(versions.roll_back(loading.load(config, set_ or (), root), version, by))


@app.command()
def pin(
    config: ConfigFile,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Which.")],
    remove: Annotated[bool, typer.Option("--remove", help="Takes the pin off.")] = False,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Keeps a version, however many are pushed after it."""
    from pipeline import loading, versions

    typer.echo(versions.pin(loading.load(config, set_ or (), root), version, remove=remove))


def _forced(by: str | None, reason: str | None) -> "Forced | None":
    """A forced blessing, which takes both a name and a reason.

    Raises:
        InputError: when one lacks.
    """
    if by is None and reason is None:
        return None
    if not by or not reason:
        raise InputError(
            "--force-by and --force-reason: one lacks or is empty; a forced blessing is recorded "
            "with a name and a reason, so give both"
        )
    from modules.settings import Forced

    return Forced(by=by, reason=reason)


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

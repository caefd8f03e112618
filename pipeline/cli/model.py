"""What is asked of a model that is there: ``thaw predict`` and ``thaw gate``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from modules import text
from modules.errors import InputError
from pipeline.cli.app import OK, REFUSED, ConfigFile, JsonOption, RootOption, SetOption, app


@app.command()
def predict(
    target: Annotated[str, typer.Argument(metavar="CONFIG|MODEL_DIR", help="Whose model.")],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Files, or folders of them.")
    ],
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Labels images with the pushed model, through its serving signature.

    Exit status: 0; 2 where an image could not be used, after all others were.
    """
    from pipeline.commands import predict
    from pipeline.runners import display

    model = predict.find_model(target, set_ or (), root)
    with display.quiet():
        found = predict.predict(model, predict.images_in(images))
    typer.echo(text.as_json(found, indent=1) if as_json else predict.as_text(found))
    problem = predict.problem_of(found)
    if problem:
        raise InputError(problem)


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
    from pipeline import loading
    from pipeline.commands import gate
    from pipeline.runners import display

    loaded = loading.load(config, set_ or (), root)
    with display.quiet() as visible, nullcontext() if as_json else display.Display(visible):
        found = gate.judge(loaded, candidate, baseline)
    typer.echo(text.as_json(found, indent=1) if as_json else gate.as_text(found))
    raise typer.Exit(OK if gate.is_blessed(found) else REFUSED)

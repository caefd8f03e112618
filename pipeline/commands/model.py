"""What is asked of a model that is there: ``thaw predict`` and ``thaw gate``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from modules import text
from modules.errors import InputError
from pipeline.commands.app import OK, REFUSED, ConfigFile, JsonOption, RootOption, SetOption, app


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
    from pipeline import output, prediction

    model = prediction.find_model(target, set_ or (), root)
    with output.quiet():
        found = prediction.predict(model, prediction.images_in(images))
    typer.echo(text.as_json(found, indent=1) if as_json else prediction.as_text(found))
    problem = prediction.problem_of(found)
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
    from pipeline import judging, loading, output

    loaded = loading.load(config, set_ or (), root)
    with output.quiet() as visible, nullcontext() if as_json else output.Display(visible):
        found = judging.judge(loaded, candidate, baseline)
    typer.echo(text.as_json(found, indent=1) if as_json else judging.as_text(found))
    raise typer.Exit(OK if judging.is_blessed(found) else REFUSED)

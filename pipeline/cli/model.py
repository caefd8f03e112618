"""Commands about a model that exists: ``thaw predict`` and ``thaw gate``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from modules.errors import InputError
from pipeline.cli.app import OK, REFUSED, ConfigFile, JsonOption, RootOption, SetOption, app


@app.command()
def predict(
    target: Annotated[
        str,
        typer.Argument(metavar="CONFIG|MODEL_DIR", help="The model's config, or its folder."),
    ],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
    ],
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Labels images with the pushed model, through its serving signature.

    Exit status: 0, or 2 if an image could not be used; all others are still labelled.
    """
    from components.records.base import as_json_text
    from pipeline import display
    from pipeline.commands import predict

    model = predict.find_model(target, set_ or (), root)
    with display.quiet():
        predictions = predict.predict(model, predict.images_in(images))
    typer.echo(as_json_text(predictions) if as_json else predict.as_text(predictions))
    problem = predict.problem_of(predictions)
    if problem:
        raise InputError(problem)


@app.command()
def gate(
    config: ConfigFile,
    candidate: Annotated[Path, typer.Option(metavar="MODEL_DIR", help="The model to judge.")],
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL_DIR", help="The model to compare with; by default the served one."
        ),
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judges a model that Thaw exported on the config's test images, as a run would.

    Nothing is trained or pushed. Exit status: 0 blessed, 3 refused.
    """
    from components.records.base import as_json_text
    from pipeline import display
    from pipeline.commands import gate
    from pipeline.configuration import loading

    loaded = loading.load(config, set_ or (), root)
    with display.quiet() as visible, nullcontext() if as_json else display.Display(visible):
        judgement = gate.judge(loaded, candidate, baseline)
    typer.echo(as_json_text(judgement) if as_json else gate.as_text(judgement))
    raise typer.Exit(OK if judgement.gate.passed else REFUSED)

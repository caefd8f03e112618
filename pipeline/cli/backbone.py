"""Commands about a backbone: ``thaw inspect``, ``thaw lr-find`` and ``thaw backbones``."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import ConfigFile, JsonOption, RootOption, SetOption, app


@app.command()
def inspect(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|HANDLE", help="A YAML file, or a backbone's name, address or folder."
        ),
    ],
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows a backbone's blocks, in the order of the data, and what each stage would train."""
    from components.records.base import as_json_text
    from pipeline import display
    from pipeline.commands import inspect

    with display.quiet():
        inspection = inspect.inspect(target, set_ or (), root)
    typer.echo(as_json_text(inspection) if as_json else inspect.as_text(inspection))


@app.command("lr-find")
def lr_find(
    config: ConfigFile,
    stage: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The stage to test; the first by default. The stages before it are trained first.",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", help="How many rates to try.")] = 100,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The PNG; by default lr_find_<stage>.png in the root."),
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows at which learning rates a stage learns, and where its loss blows up.

    This is a range test (Smith 2017) on the config's images: the rate rises from 1e-6 to 1.

    Nothing is kept but the picture.
    """
    from components.records.base import as_json_text
    from pipeline import display
    from pipeline.commands import lr_find
    from pipeline.configuration import loading

    loaded = loading.load(config, set_ or (), root)
    with display.quiet() as visible, nullcontext() if as_json else display.Display(visible):
        report = lr_find.find(loaded, stage, steps, picture)
    typer.echo(as_json_text(report) if as_json else lr_find.as_text(report))


@app.command()
def backbones(as_json: JsonOption = False) -> None:
    """Shows the backbones that have a name, for a config's backbone.handle."""
    from pipeline.configuration import handles

    typer.echo(handles.as_json_text() if as_json else handles.as_text())

"""Commands about pushed versions: ``thaw versions``, ``rollback``, ``restore`` and ``pin``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import ConfigFile, JsonOption, RootOption, SetOption, app

ByOption = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help="Your name, for the record; by default the name of the user."
    ),
]


@app.command()
def versions(
    config: ConfigFile,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draws the accuracy on the golden set, version by version: a PNG or SVG.",
        ),
    ] = None,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows what was pushed when, by which run, with which metrics, and what is served."""
    from components.records.base import as_json_text
    from pipeline.commands import versions, versions_picture
    from pipeline.configuration import loading

    if picture is not None:
        versions_picture.check_ending(picture)
    rows = versions.pushed(loading.load(config, set_ or (), root))
    if picture is not None:
        versions_picture.draw(rows, picture)
        typer.echo(f"the accuracy on the golden set is drawn in {picture}", err=as_json)
    typer.echo(as_json_text(rows) if as_json else versions.as_text(rows))


@app.command()
def rollback(
    config: ConfigFile,
    version: Annotated[
        int | None,
        typer.Argument(
            metavar="VERSION",
            help="The version to go back to; by default the one before the newest.",
        ),
    ] = None,
    by: ByOption = None,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Goes back to an earlier version: withdraws those that came after it."""
    from pipeline.commands import versions
    from pipeline.configuration import loading

    typer.echo(versions.roll_back(loading.load(config, set_ or (), root), version, by))


@app.command()
def restore(
    config: ConfigFile,
    version: Annotated[
        int,
        typer.Argument(metavar="VERSION", help="A version that thaw versions lists as withdrawn."),
    ],
    by: ByOption = None,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Brings back a version that a rollback withdrew."""
    from pipeline.commands import versions
    from pipeline.configuration import loading

    typer.echo(versions.bring_back(loading.load(config, set_ or (), root), version, by))


@app.command()
def pin(
    config: ConfigFile,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version to keep.")],
    remove: Annotated[bool, typer.Option("--remove", help="Removes the pin.")] = False,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Keeps a version, however many are pushed after it."""
    from pipeline.commands import versions
    from pipeline.configuration import loading

    typer.echo(versions.pin(loading.load(config, set_ or (), root), version, remove=remove))

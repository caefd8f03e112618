"""``thaw schema``: JSON Schemas, and the labels and formats that spans may have."""

from typing import Annotated

import typer

from modules import text
from pipeline.cli.app import ConfigFile, RootOption, SetOption, app

schemas = typer.Typer(no_args_is_help=True)
app.add_typer(schemas, name="schema")

Values = Annotated[
    list[str], typer.Argument(metavar="FEATURE=VALUE", help="Such as label=cat or format=GIF.")
]
ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Your name, for the history; required.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the history.")
]


@schemas.callback()
def options() -> None:
    """Prints JSON Schemas, and accepts or removes the labels and formats that spans may have."""


@schemas.command()
def config() -> None:
    """Prints the JSON Schema of a config."""
    from pipeline.commands import schema

    typer.echo(text.as_json(schema.json_schema("config"), indent=1))


@schemas.command()
def summary() -> None:
    """Prints the JSON Schema of a summary."""
    from pipeline.commands import schema

    typer.echo(text.as_json(schema.json_schema("summary"), indent=1))


@schemas.command()
def show(config: ConfigFile, root: RootOption = None, set_: SetOption = None) -> None:
    """Shows the labels and formats that spans may have, and who changed them."""
    from pipeline.commands import schema
    from pipeline.configuration import loading

    typer.echo(schema.as_text(schema.accepted(loading.load(config, set_ or (), root))))


@schemas.command()
def accept(
    config: ConfigFile,
    values: Values,
    by: ByOption = "",
    reason: ReasonOption = "",
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Lets later spans have a new class, or images of another format."""
    from pipeline.commands import schema
    from pipeline.configuration import loading

    typer.echo(schema.accept(loading.load(config, set_ or (), root), values, by, reason))


@schemas.command()
def remove(
    config: ConfigFile,
    values: Values,
    by: ByOption = "",
    reason: ReasonOption = "",
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Takes a class out, so that the next model may lack it."""
    from pipeline.commands import schema
    from pipeline.configuration import loading

    typer.echo(schema.remove(loading.load(config, set_ or (), root), values, by, reason))

"""``thaw schema``."""

from enum import Enum
from typing import Annotated

import typer

from modules import text
from pipeline.cli.app import app


class Document(str, Enum):
    """What there is a schema of."""

    CONFIG = "config"
    SUMMARY = "summary"


@app.command()
def schema(
    document: Annotated[
        Document,
        typer.Argument(metavar="config|summary", help="The config's schema, or the summary's."),
    ],
) -> None:
    """Prints the JSON Schema of a config or of a summary."""
    from pipeline.commands import schema

    typer.echo(text.as_json(schema.json_schema(document.value), indent=1))

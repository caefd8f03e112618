"""``thaw move``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app


@app.command()
def move(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where it lies now.")],
) -> None:
    """Mends a root that was moved or copied, so that its next run goes on."""
    from pipeline.commands import move

    typer.echo(move.move(root))

"""``thaw move``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app


@app.command()
def move(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="The root's new folder.")],
) -> None:
    """Updates a root that was moved or copied, so that its next run can continue."""
    from pipeline.commands import move

    typer.echo(move.move(root))

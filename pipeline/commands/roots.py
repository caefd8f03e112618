"""``thaw move``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.app import app


@app.command()
def move(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Where it lies now.")],
) -> None:
    """Mends a root that was moved or copied, so that its next run goes on."""
    from pipeline import moving

    typer.echo(moving.move(root))

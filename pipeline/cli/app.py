"""What the commands share: the application that they register on, options, exit statuses."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.version import VERSION

# Exit statuses; other programs rely on them.
OK, FAILED, WRONG_INPUT, REFUSED = 0, 1, 2, 3
BUSY = 75  # EX_TEMPFAIL of sysexits.h: try again

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"thaw {VERSION}")
        raise typer.Exit(OK)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Shows Thaw's version."
        ),
    ] = False,
) -> None:
    """Fine-tunes a TensorFlow Hub backbone on your images, gates it, and pushes it."""


def _root(text: str) -> Path:
    if not text:  # As from a variable that is not set; ``Path`` would take the current folder.
        raise typer.BadParameter("got '', must be a folder; name one or leave it out")
    return Path(text)


ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")]
RootOption = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", parser=_root, help="Replaces the config's root."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY.PATH=VALUE", help="Replaces one key's value, given as YAML."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Prints JSON.")]

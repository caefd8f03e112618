"""``thaw spans``: what is known of each span, and what people decide about them."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.cli.app import ConfigFile, JsonOption, RootOption, SetOption, app

_SHOW = "show"


class ShowsByDefault(TyperGroup):
    """``thaw spans CONFIG`` is ``thaw spans show CONFIG``.

    A config whose name is that of a command is written like ``./accept``.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Called with what comes after ``thaw spans``."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


spans = typer.Typer(
    cls=ShowsByDefault,
    no_args_is_help=True,
    subcommand_metavar="CONFIG | COMMAND CONFIG …",
)
app.add_typer(spans, name="spans")

SpanNumber = Annotated[
    str, typer.Argument(metavar="SPAN", help="Its number; where the path has a date, the day too.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Your name, for the record; required.")
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the record; required.")
]


@spans.callback()
def options() -> None:
    """Shows the spans that were ingested, and accepts or rejects them.

    thaw spans CONFIG is short for thaw spans show CONFIG.
    """


@spans.command(_SHOW)
def show(
    config: ConfigFile,
    root: RootOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shows each span's state and why, its images, and the versions that were trained on it."""
    from components.records.base import as_json_text
    from pipeline.commands import span_list
    from pipeline.configuration import loading

    loaded = loading.load(config, set_ or (), root)
    rows = span_list.listed(loaded)
    typer.echo(as_json_text(rows) if as_json else span_list.as_text(rows, loaded))


@spans.command()
def accept(
    config: ConfigFile,
    span: SpanNumber,
    by: ByOption = None,
    reason: ReasonOption = None,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Lets models be trained on a span that is quarantined.

    It holds as long as the span's content stays the same.
    """
    from pipeline.commands import spans
    from pipeline.configuration import loading

    loaded = loading.load(config, set_ or (), root)
    typer.echo(spans.decide(loaded, span, "accepted", by, reason))


@spans.command()
def reject(
    config: ConfigFile,
    span: SpanNumber,
    by: ByOption = None,
    reason: ReasonOption = None,
    root: RootOption = None,
    set_: SetOption = None,
) -> None:
    """Leaves a span out of every window.

    It holds as long as the span's content stays the same.
    """
    from pipeline.commands import spans
    from pipeline.configuration import loading

    loaded = loading.load(config, set_ or (), root)
    typer.echo(spans.decide(loaded, span, "rejected", by, reason))

"""What a handle refers to, and whether it can be a backbone, checked before anything is loaded."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from modules.backbones.loading import forms, kaggle
from modules.backbones.loading.allowed import problem_of_prefix, refusal_in_words
from modules.backbones.loading.named import NAMED
from modules.errors import InputError
from modules.settings import paths
from modules.text import as_json, printable_lines


def _is_no_path(handle: str) -> bool:
    """Whether a handle is an address, a backbone's name or Kaggle's short form.

    A folder with the form of one of the last two is written with ``./``.
    """
    return paths.has_scheme(handle) or handle in ("", *NAMED) or kaggle.is_short(handle)


def _prefix(value: str) -> str:
    problem = problem_of_prefix(value)
    if problem:
        raise ValueError(problem)
    return value


Handle = Annotated[str, Field(min_length=1), paths.PathRule("name, path or address", _is_no_path)]
AllowedPrefix = Annotated[str, AfterValidator(_prefix), paths.PathRule("path or address")]


def fill(backbone: dict[str, Any]) -> None:
    """Replaces a backbone's name by its address, and fills in its input range if none is set."""
    handle = backbone.get("handle")
    named = NAMED.get(handle) if isinstance(handle, str) else None
    if named:
        backbone["handle"] = named.handle
        if backbone.get("input_range") is None:
            backbone["input_range"] = list(named.input_range)


def check(handle: str, allowed: Sequence[str] = ()) -> None:
    """Refuses a handle whose mistake shows without a server and without TensorFlow.

    Args:
        handle: a local path, an address or Kaggle's short form.
        allowed: prefixes of what may be loaded.

    Raises:
        InputError: which says what is there, and names a remedy.
    """
    problem = refusal_in_words(handle, allowed) or kaggle.problem_of(handle)
    if not problem and not _is_no_path(handle):
        problem = forms.problem_of(handle)
        name = handle.rpartition("/")[2]
        near = difflib.get_close_matches(name, NAMED, n=1, cutoff=0.75)
        if problem and near and "does not exist" in problem:
            problem += f"; or did you mean the backbone {near[0]}? thaw backbones shows them"
    if problem:
        raise InputError(f"backbone.handle: {problem}")


def as_text() -> str:
    """The named backbones, as a table for people."""
    import io

    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("name", "pixels", "range", "gives", "parameters", "weights", "for"):
        right = title in ("gives", "parameters", "weights")
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for name, backbone in NAMED.items():
        low, high = backbone.input_range
        table.add_row(
            name,
            f"{backbone.image_size} x {backbone.image_size}",
            f"{low:g} to {high:g}",
            str(backbone.output_dim),
            f"{backbone.parameters:,}",
            f"{backbone.megabytes:.0f} MB",
            backbone.use,
        )
    shown = io.StringIO()
    Console(file=shown, width=120, highlight=False).print(table)
    lines = [line.rstrip() for line in shown.getvalue().splitlines()]
    lines += ["", *(f"{name}: {backbone.handle}" for name, backbone in NAMED.items())]
    return printable_lines(lines)


def as_json_text() -> str:
    """The named backbones as JSON: by name, the handle and its properties."""
    table = {
        name: {
            "handle": backbone.handle,
            "input_range": backbone.input_range,
            "image_size": backbone.image_size,
            "output_dim": backbone.output_dim,
            "parameters": backbone.parameters,
            "megabytes": backbone.megabytes,
            "use": backbone.use,
        }
        for name, backbone in NAMED.items()
    }
    return as_json(table, indent=1)

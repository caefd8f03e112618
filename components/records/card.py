"""A model's card: the part of the summary that is of the model, and the same as Markdown."""

import json
from pathlib import Path
from typing import Any

import jinja2

from components.records.summary import Summary
from modules.rounding import share
from modules.text import Markup, as_json, code, markdown

CARD_FILE = "card.json"
TEXT_FILE = "model_card.md"
_TEMPLATE = Path(__file__).with_name("model_card.md.jinja")


def write(folder: Path, known: dict[str, Any]) -> None:
    """Writes both files.

    Args:
        folder: to write to.
        known: the values of ``Summary`` that are the model's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = as_json(known, indent=1)
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
    (folder / TEXT_FILE).write_text(as_markdown(known), encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """What ``write`` was given."""
    known = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    assert isinstance(known, dict)
    return known


def summary_of(known: dict[str, Any], **of_run: Any) -> Summary:
    """The summary of a run, of what is known of its model and of the run itself."""
    return Summary(**known, **of_run)


def as_markdown(known: dict[str, Any]) -> str:
    """The card for people. What comes from data, labels above all, is escaped."""
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        # Markdown, not HTML: ``markdown`` does what HTML's escaping would do, and more.
        finalize=lambda value: value if isinstance(value, Markup) else markdown(value),
        autoescape=False,
    )
    environment.filters |= {"share": share, "code": code}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(known, compared=_compared(known["gate"]["rules"])) + "\n"


def _compared(rules: list[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """By slice, the rule that compared accuracies, on images of classes that both models know."""
    of_all = ("not_worse", "better")
    return {
        rule["slice"]: rule
        for rule in rules
        if rule["name"] == "max_class_drop" or (rule["name"] in of_all and rule["n"])
    }

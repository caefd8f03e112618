"""A model's card: the part of the summary that is about the model, and the same as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from components.records.base import Record
from components.records.data import DataRecord
from components.records.gate import GateRecord
from components.records.infra import InfraRecord
from components.records.model import BackboneRecord, ExportRecord, MetricsRecord
from components.records.summary import Summary
from components.records.training import ScheduleRecord, ShippedRecord, StageRecord, WarmStartRecord
from modules.gate.result import RuleResult
from modules.rounding import share
from modules.text import Markup, code, markdown, quoted

CARD_FILE = "card.json"
TEXT_FILE = "model_card.md"
_TEMPLATE = Path(__file__).with_name("card.md.jinja")


class Card(Record):
    """What is known of a model. ``Summary`` has the same fields, and says what each is."""

    labels: tuple[str, ...]
    metrics: MetricsRecord
    gate: GateRecord
    infra: InfraRecord
    exports: tuple[ExportRecord, ...]
    schedule: ScheduleRecord
    warm_start: WarmStartRecord | None = None
    stages: tuple[StageRecord, ...]
    shipped: ShippedRecord
    data: DataRecord
    versions: dict[str, str]
    backbone: BackboneRecord
    source: str

    def write(self, folder: Path) -> None:
        """Writes the card to a folder, as JSON and as Markdown."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD_FILE).write_text(self.as_text(), encoding="utf-8")
        (folder / TEXT_FILE).write_text(self.as_markdown(), encoding="utf-8")

    def as_markdown(self) -> str:
        """The card for people. What comes from data, labels above all, is escaped."""
        environment = jinja2.Environment(
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            # Markdown, not HTML: ``markdown`` does what HTML's escaping would do, and more.
            finalize=lambda value: value if isinstance(value, Markup) else markdown(value),
            autoescape=False,
        )
        environment.filters |= {"share": share, "code": code, "quoted": quoted}
        template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
        return template.render(dict(self), compared=_compared(self.gate.rules)) + "\n"

    def summary_of(self, **of_run: Any) -> Summary:
        """The summary of a run that made this model.

        Args:
            **of_run: the fields of ``Summary`` that are about the run.
        """
        return Summary(**dict(self), **of_run)


def read_card(folder: Path) -> Card:
    """The card that ``Card.write`` wrote to a folder."""
    return Card.model_validate_json((folder / CARD_FILE).read_text(encoding="utf-8"))


def _compared(rules: Sequence[RuleResult]) -> dict[str | None, RuleResult]:
    """By slice, the rule that compared accuracies, on images of classes that both models know."""
    of_all = ("not_worse", "better")
    return {
        rule.slice: rule
        for rule in rules
        if rule.name == "max_class_drop" or (rule.name in of_all and rule.n)
    }

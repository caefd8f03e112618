"""The configuration's JSON Schema, as editors use it."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.configuration import safe_yaml
from pipeline.configuration.config import Config
from tests.conftest import PROJECT

SCHEMA = Config.model_json_schema()
CONFIGS = sorted((PROJECT / "configs").rglob("*.yaml"))
LEAST: dict[str, Any] = {"data": {"path": "photos"}, "backbone": {"handle": "mobilenet_v2"}}


def mistakes_in(config: dict[str, Any]) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_shipped_configs_fit_the_schema(path: Path) -> None:
    config = safe_yaml.parse(path.read_text(encoding="utf-8"))
    assert mistakes_in({**LEAST, **config}) == []


@pytest.mark.parametrize(
    "section",
    [
        {"finetune": {"optimizer": "adamw", "augmentation": None, "early_stopping": None}},
        {"finetune": {"stages": [{"name": "a", "unfreeze": {"last": 2}, "learning_rate": 0.1}]}},
        {"finetune": {"head": "mlp", "loss": {"name": "mine:focal", "gamma": 2}}},
        {"finetune": {"head": {"name": "mlp", "hidden_units": [8]}}},
        {"finetune": {"augmentation": {"operations": ["mine:blur"]}}},
        {"data": {"path": "x", "schema": "s.pbtxt", "background": "white"}},
        {"data": {"path": "x", "background": [1, 2, 3]}, "evaluation": {"margin": "auto"}},
        {"evaluation": {"golden": "golden"}},
        {"evaluation": {"golden": {"path": "golden.csv", "label_column": "species"}}},
        {"retrain": {"when": ["new_span", {"every": "7d"}, {"drift": {"label": 0.1}}]}},
    ],
)
def test_each_way_to_write_a_value_fits_the_schema(section: dict[str, Any]) -> None:
    assert mistakes_in({**LEAST, **section}) == []


@pytest.mark.parametrize(
    "section",
    [
        {"dta": {}},
        {"finetune": {"dropout": 1.0}},
        {"finetune": {"stages": [{"name": "a", "epochs": 0}]}},
        {"finetune": {"stages": [{"name": "a", "unfreeze": "half"}]}},
        {"data": {"path": "x", "background": [1, 2, 256]}},
        {"backbone": {}},
        {"retrain": {"when": ["each_span"]}},
    ],
)
def test_a_mistake_does_not_fit_the_schema(section: dict[str, Any]) -> None:
    assert mistakes_in({**LEAST, **section})


def test_the_schema_uses_json_schemas_own_words_for_bounds() -> None:
    def keywords(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keywords, node))
        if not isinstance(node, dict):
            return set()
        named = [*node.get("properties", {}).values(), *node.get("$defs", {}).values()]
        rest = {key: value for key, value in node.items() if key not in ("properties", "$defs")}
        return set(rest).union(*map(keywords, [*named, *rest.values()]))

    assert not keywords(SCHEMA) & {"gt", "ge", "lt", "le"}
    assert SCHEMA["$defs"]["Stage"]["properties"]["epochs"]["exclusiveMinimum"] == 0


def test_a_description_is_one_line_for_a_reader() -> None:
    text = SCHEMA["$defs"]["Data"]["properties"]["background"]["description"]
    assert "\n" not in text
    assert text.startswith("The colour that shows through")
    assert SCHEMA["title"] == "A configuration of Thaw"
    assert SCHEMA["required"] == ["data", "backbone"]

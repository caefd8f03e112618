"""docs/config.md lists the keys that there are, and the pages name no others."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs import config_reference
from modules.settings.paths import Folders
from pipeline.configuration import safe_yaml
from pipeline.configuration.config import Config
from tests.conftest import PROJECT

PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")])
SCHEMA = Config.model_json_schema()
SECTIONS = "|".join(SCHEMA["properties"])
# Between backquotes or after --set, without the value that may follow.
NAMED = re.compile(rf"(?:`|--set )((?:{SECTIONS})(?:\.[a-z0-9_]+)+)")
# They look like keys of the config.
OTHERS = {
    "data.quarantined.list": "a key of the summary",
    "data.one_color": "a key of the summary",
    "data.kept": "a key of the summary",
    "data.golden": "a key of the summary",
    "data.spans": "a key of the summary",
    "data.repeated": "a key of the summary",
    "data.contradicted": "a key of the summary",
    "data.unseen_class": "a key of the summary",
}


def models_in(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects of keys that a value may be, those in a list included."""
    if "$ref" in value:
        yield SCHEMA["$defs"][value["$ref"].removeprefix("#/$defs/")]
    for form in [*value.get("anyOf", ()), *value.get("oneOf", ())]:
        yield from models_in(form)
    if "items" in value:
        yield from models_in(value["items"])


def named_in(text: str) -> list[str]:
    """The dotted keys that a page names, but for files such as data.md."""
    names = [name for name in NAMED.findall(text) if name not in OTHERS]
    return [name for name in names if not name.endswith((".md", ".py", ".yaml", ".json"))]


def is_key(key: str) -> bool:
    """Whether a dotted key, which may hold places in lists, is one of the config's."""
    models = [SCHEMA]
    for part in key.split("."):
        if part.isdigit():
            continue
        values = [model["properties"][part] for model in models if part in model["properties"]]
        if not values:
            return False
        models = [model for value in values for model in models_in(value)]
    return True


def test_the_page_of_keys_is_the_one_that_the_code_makes() -> None:
    written = config_reference.PAGE.read_text(encoding="utf-8")
    assert written == config_reference.page(), "run python -m docs.config_reference"


def test_the_page_has_a_row_for_each_key_with_its_default() -> None:
    page = config_reference.page()
    for model in [SCHEMA, *SCHEMA["$defs"].values()]:
        keys = model.get("properties", {})
        if len(keys) > 1:
            assert all(f"| `{key}` | " in page for key in keys)
    assert "| `max_bad_fraction` | number from 0 to 1 | `0.05` | The run fails if" in page
    assert "| `schema` | path or `null` | `null` |" in page
    assert "| `loss` | text or {name: text, ...} | `cross_entropy` |" in page
    assert "`[{name: head}, {name: full, unfreeze: all, learning_rate: {peak: 0.0003}}]`" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_key_that_a_page_names_is_a_key(page: Path) -> None:
    keys = named_in(page.read_text(encoding="utf-8"))
    assert [key for key in keys if not is_key(key)] == []


def examples_in(text: str) -> Iterator[dict[str, Any]]:
    """The YAML examples of a page that are configurations, or parts of one."""
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        # Pages shorten digests.
        block = re.sub(r"([0-9a-f]+)…", lambda digest: digest[1].ljust(64, "0"), block)
        example = safe_yaml.parse(textwrap.dedent(block))
        if isinstance(example, dict) and not set(SCHEMA["properties"]).isdisjoint(example):
            yield example


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_example_of_a_config_on_a_page_is_a_valid_one(page: Path) -> None:
    for example in examples_in(page.read_text(encoding="utf-8")):
        data = {"path": "photos", **example.get("data", {})}
        backbone = {"handle": "module", **example.get("backbone", {})}
        whole = {"root": "r", **example, "data": data, "backbone": backbone}
        Config.model_validate(whole, context=Folders(page.parent, Path.cwd()))


def test_the_pages_have_examples_to_check() -> None:
    examples = [list(examples_in(page.read_text(encoding="utf-8"))) for page in PAGES]
    assert sum(map(len, examples)) > 5


def test_the_keys_that_pages_name_are_recognised() -> None:
    text = "`data.path`, `--set finetune.stages.0.epochs=3`, `data.md`, `finetune.sede: 1`"
    assert named_in(text) == ["data.path", "finetune.stages.0.epochs", "finetune.sede"]
    assert [is_key(key) for key in named_in(text)] == [True, True, False]
    assert sum(len(named_in(page.read_text(encoding="utf-8"))) for page in PAGES) > 20

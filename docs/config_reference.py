"""Writes docs/config.md, the table of all keys: ``python -m docs.config_reference``.

The page comes from the configuration's JSON Schema, and the schema from the classes in ``pipeline``
and ``modules.settings``. To change what the page says of a key, change the text below its field.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.configuration.config import Config

PAGE = Path(__file__).with_name("config.md")
_INTRODUCTION = """# All keys of a config

<!-- python -m docs.config_reference writes this page. -->

A config is a YAML file. Only `data.path` and `backbone.handle` have no default. A relative path in
the file starts at the file's folder, one on the command line at the current folder.
[data.md](data.md), [backbones.md](backbones.md), [schedule.md](schedule.md) and [gate.md](gate.md)
explain the keys in context; [configs/digits.yaml](../configs/digits.yaml) gives a reason for each
of its values. `thaw schema config` prints the keys as a JSON Schema. An editor with a YAML language
server completes and checks a config whose first line names [that schema](schema/config.json), as
the configs in [configs](../configs) do.
"""
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "`null`",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_REFERENCE = "#/$defs/"

Schema = dict[str, Any]


def page() -> str:
    """The whole page, in Markdown."""
    schema = Config.model_json_schema()
    return "\n".join([_INTRODUCTION, *_Sections(schema).lines()])


class _Sections:
    """A section with a table for each object of keys, in the order of the config."""

    def __init__(self, schema: Schema) -> None:
        self._models: dict[str, Schema] = schema["$defs"]
        self._headings: dict[str, str] = {}  # By model: the key under which it is described.
        self._order: list[tuple[str, Schema, Schema]] = []  # Heading, model, the model above.
        self._collect("", schema, {"properties": {}})

    def lines(self) -> Iterator[str]:
        """The sections' Markdown."""
        for heading, model, above in self._order:
            if heading:
                yield f"## {heading}\n"
                yield f"{model['description']}\n"
            repeated = _repeated(model, above)
            yield "| key | value | default | meaning |"
            yield "| --- | --- | --- | --- |"
            for key, value in model["properties"].items():
                if key not in repeated:
                    yield self._row(key, value, key in model.get("required", ()))
            yield ""
            if repeated:
                names = ", ".join(f"`{key}`" for key in repeated)
                parent = _link(heading.rpartition(".")[0])
                yield f"These keys of {parent} may stand here too, and then replace the whole"
                yield f"value there: {names}.\n"

    def _collect(self, heading: str, model: Schema, above: Schema) -> None:
        """Puts a model, and then those within it, into the order of the page."""
        self._order.append((heading, model, above))
        for key, value in model["properties"].items():
            new = [name for name in self._with_section(value) if name not in self._headings]
            for name in new:
                inner = f"{heading}.{key}".lstrip(".") + ("[]" if "items" in value else "")
                if len(new) > 1:
                    inner += f" ({name})"
                self._headings[name] = inner
                self._collect(inner, self._models[name], model)

    def _with_section(self, value: Schema) -> Iterator[str]:
        """The models that a value may be and that have more than one key."""
        for form in _forms(value):
            name = form.get("$ref", "").removeprefix(_REFERENCE)
            if name and len(self._models[name]["properties"]) > 1:
                yield name
            elif "items" in form:
                yield from self._with_section(form["items"])

    def _row(self, key: str, value: Schema, required: bool) -> str:
        default = "required" if required else self._default(value)
        name = value.get("$ref", "").removeprefix(_REFERENCE)
        # The schema says it once where a key and its object have the same text.
        meaning = value.get("description") or self._models[name]["description"]
        cells = [f"`{key}`", self._words(value), default, meaning]
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    def _words(self, value: Schema) -> str:
        """What a value may be, for a reader."""
        alternatives = list(self._alternatives(value))
        *others, last = alternatives
        if not others:
            return last
        comma = "," if any(" or " in words for words in alternatives) else ""
        return f"{', '.join(others)}{comma} or {last}"

    def _alternatives(self, value: Schema) -> Iterator[str]:
        """Each form that a value may have, in words."""
        for form in _forms(value):
            if "enum" in form:
                yield from (f"`{_yaml(word)}`" for word in form["enum"])
            else:
                yield self._form(form)

    def _form(self, value: Schema) -> str:
        """A single form, in words."""
        if "$ref" in value:
            name = value["$ref"].removeprefix(_REFERENCE)
            if name in self._headings:
                return _link(self._headings[name])
            ((key, inner),) = self._models[name]["properties"].items()
            more = ", ..." if self._models[name].get("additionalProperties") else ""
            return f"{{{key}: {self._words(inner)}{more}}}"
        if "const" in value:
            return f"`{_yaml(value['const'])}`"
        if "prefixItems" in value:
            return f"[{', '.join(self._words(item) for item in value['prefixItems'])}]"
        if value.get("type") == "array":
            return f"list of {self._words(value['items'])}"
        if value.get("type") == "object":
            return f"by name: {self._words(value['additionalProperties'])}"
        return " ".join([value.get("format") or _TYPES[value["type"]], *_bounds(value)])

    def _default(self, value: Schema) -> str:
        if "default" not in value:
            return ""
        least = self._least(value["default"], value)
        if least == {} and any(form.get("type") == "string" for form in _forms(value)):
            least = value["default"]["name"]  # A word stands for the object of that name.
        return f"`{_yaml(least)}`" if least != {} else "those of its keys"

    def _least(self, default: Any, value: Schema) -> Any:
        """A default value without what the defaults of its own keys say already."""
        if isinstance(default, list) and "items" in value:
            return [self._least(item, value["items"]) for item in default]
        names = [form["$ref"].removeprefix(_REFERENCE) for form in _forms(value) if "$ref" in form]
        if not isinstance(default, dict) or not names:
            return default
        keys = self._models[names[0]]["properties"]
        return {
            key: self._least(inner, keys[key])
            for key, inner in default.items()
            if "default" not in keys[key] or keys[key]["default"] != inner
        }


def _forms(value: Schema) -> list[Schema]:
    """The forms that a value may have."""
    forms: list[Schema] = value.get("anyOf") or value.get("oneOf") or [value]
    return forms


def _bounds(value: Schema) -> list[str]:
    """How small and how great a number may be; nothing if it may be any."""
    if value["type"] == "integer" and "exclusiveMinimum" in value:
        value = {**value, "minimum": value["exclusiveMinimum"] + 1}
        del value["exclusiveMinimum"]
    if "minimum" in value and "maximum" in value:
        return [f"from {_number(value['minimum'])} to {_number(value['maximum'])}"]
    bounds = [f"{sign} {_number(value[word])}" for word, sign in _BOUNDS.items() if word in value]
    return [" and ".join(bounds)] if bounds else []


def _number(value: float) -> str:
    """As short as it can be: 0 for 0.0."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _repeated(model: Schema, above: Schema) -> list[str]:
    """The keys that the object above has too, with the same meaning and default."""
    keys = model["properties"]
    return [key for key in keys if above["properties"].get(key) == keys[key]]


def _link(heading: str) -> str:
    """A link to a section, by the anchor that GitHub gives it."""
    anchor = "".join(c for c in heading.lower() if c.isalnum() or c in "-_ ").replace(" ", "-")
    return f"[{heading}](#{anchor})"


def _yaml(value: Any) -> str:
    """A value as a config writes it, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

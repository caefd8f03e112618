"""The JSON Schema of options, as editors read it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema

# Pydantic leaves its own words for bounds where a validator of ours stands before them.
_KEYWORDS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
}


class OptionsSchema(GenerateJsonSchema):
    """Bounds in JSON Schema's keywords, descriptions on one line, no titles made from names."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema of a model and all that it refers to."""
        corrected: JsonSchemaValue = _corrected(super().generate(schema, mode))
        return corrected

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title such as ``Max P50 Ms`` says less than the key."""
        del schema
        return False


def _corrected(node: Any) -> Any:
    if isinstance(node, list):
        return [_corrected(item) for item in node]
    if not isinstance(node, dict):
        return node
    corrected: dict[str, Any] = {}
    for key, value in node.items():
        if key in ("properties", "$defs"):
            corrected[key] = {name: _corrected(inner) for name, inner in value.items()}
        elif key in ("default", "const", "enum"):
            corrected[key] = value
        elif key == "description":
            summary = value.partition("\n\n")[0]  # The rest of a docstring is for programmers.
            corrected[key] = " ".join(summary.replace("``", "`").split())
        else:
            corrected[_KEYWORDS.get(str(key), str(key))] = _corrected(value)
    return corrected

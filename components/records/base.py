"""What all records share."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from modules.settings.json_schema import OptionsSchema
from modules.text import as_json

Interval = tuple[float, float]  # of 95 %: low, high


class Record(BaseModel):
    """A frozen part of a JSON document; it has no other keys than its fields.

    The text below a field is its description in the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        protected_namespaces=(),
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """As pydantic's own, by ``OptionsSchema``."""
        return super().model_json_schema(*args, **{"schema_generator": OptionsSchema, **options})

    def as_text(self) -> str:
        """As JSON, with a line break at its end."""
        return as_json_text(self) + "\n"


class SparseRecord(Record):
    """A record whose JSON leaves out the fields that are None."""

    @model_serializer(mode="wrap")
    def _without_none(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


def as_json_text(records: Record | Sequence[Record]) -> str:
    """One record as a JSON object, or several as a list of them."""
    if isinstance(records, Record):
        return as_json(records.model_dump(mode="json"), indent=1)
    return as_json([record.model_dump(mode="json") for record in records], indent=1)

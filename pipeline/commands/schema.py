"""``thaw schema``: the JSON Schemas of what other programs read and write."""

from typing import Any, Literal

from components.records.summary import Summary
from pipeline.configuration.config import Config

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(document: Literal["config", "summary"]) -> dict[str, Any]:
    """The JSON Schema of a configuration file, or of a run's summary."""
    model = Config if document == "config" else Summary
    return {"$schema": _DRAFT, **model.model_json_schema()}

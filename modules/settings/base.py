"""The base class of all options, and the types of their numbers."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from modules.settings.json_schema import OptionsSchema


def _no_boolean(value: object) -> object:
    """Refuses YAML's ``yes`` and ``no``, which Python counts as numbers."""
    if isinstance(value, bool):
        raise ValueError(f"got {value}, must be a number; change it")
    return value


Integer = Annotated[int, BeforeValidator(_no_boolean)]
FiniteFloat = Annotated[float, BeforeValidator(_no_boolean)]
PositiveInt = Annotated[Integer, Field(gt=0)]
PositiveFloat = Annotated[FiniteFloat, Field(gt=0.0)]
Fraction = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]
NonNegativeFloat = Annotated[FiniteFloat, Field(ge=0.0)]


class Options(BaseModel):
    """A frozen object that refuses unknown keys.

    The text below a field is its description, in the JSON Schema and in ``docs/config.md`` too.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """As pydantic's own, by ``OptionsSchema``."""
        return super().model_json_schema(*args, **{"schema_generator": OptionsSchema, **options})

"""What turns the backbone's features into a score for each class."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from modules.plugins import is_reference
from modules.settings.base import FiniteFloat, Options, PositiveInt
from modules.settings.plugin import PluginOptions, by_name


class LinearHead(Options):
    """One linear layer."""

    name: Literal["linear"] = "linear"
    """`linear`."""


class MlpHead(Options):
    """Hidden layers with ReLU, then a linear one."""

    name: Literal["mlp"] = "mlp"
    """`mlp`."""
    hidden_units: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (256,)
    """The width of each hidden layer, in the order of the data."""
    dropout: Annotated[FiniteFloat, Field(ge=0.0, lt=1.0)] = 0.0
    """The share of each hidden layer's values that is set to zero in training."""


def _form(value: object) -> str | None:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    if not isinstance(name, str):
        return None
    return name if name in _NAMES else "plugin" if is_reference(name) else None


def _known(value: object) -> object:
    value = by_name(value)
    if _form(value) is None:
        name = value.get("name") if isinstance(value, dict) else value
        raise ValueError(
            f"got the name {name!r}, must be {', '.join(_NAMES)} or package.module:name; change it"
        )
    return value


_NAMES = ("linear", "mlp")
HeadOptions = LinearHead | MlpHead | PluginOptions
Head = Annotated[
    Annotated[LinearHead, Tag("linear")]
    | Annotated[MlpHead, Tag("mlp")]
    | Annotated[PluginOptions, Tag("plugin")],
    Discriminator(_form),
    BeforeValidator(_known, json_schema_input_type=str | HeadOptions),
]

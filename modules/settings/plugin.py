"""How a config refers to a user's own code."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from modules.plugins import is_reference


def _of_the_form(name: str) -> str:
    if not is_reference(name):
        raise ValueError(
            f"got {name!r}, must be package.module:name, such as my_code:blur; change it"
        )
    return name


def by_name(value: object) -> object:
    """Lets a name stand for the object of that name with its defaults."""
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict | BaseModel):
        raise ValueError(f"got {value!r}, must be a name, or {{name: ..., key: value}}; change it")
    return value


class PluginOptions(BaseModel):
    """A user's own code (``modules.plugins``); all keys but ``name`` are keyword arguments."""

    model_config = ConfigDict(
        extra="allow", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    name: Annotated[str, AfterValidator(_of_the_form)]
    """`package.module:name`."""

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments."""
        return dict(self.__pydantic_extra__)


Plugin = Annotated[
    PluginOptions, BeforeValidator(by_name, json_schema_input_type=str | PluginOptions)
]

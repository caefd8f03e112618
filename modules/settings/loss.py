"""What a stage minimises."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, model_validator

from modules.plugins import is_reference
from modules.settings.plugin import PluginOptions, by_name

LOSSES = ("cross_entropy",)


def _known(name: str) -> str:
    if name not in LOSSES and not is_reference(name):
        raise ValueError(
            f"got {name!r}, must be {', '.join(LOSSES)} or package.module:name; change it"
        )
    return name


class LossOptions(PluginOptions):
    """A loss of Thaw's, or a user's own; all other keys are the arguments of the latter."""

    name: Annotated[str, AfterValidator(_known)] = LOSSES[0]
    """`cross_entropy`, or `package.module:name`."""

    @model_validator(mode="after")
    def _takes_no_arguments(self) -> "LossOptions":
        if self.name in LOSSES and self.arguments:
            raise ValueError(f"{self.name} has no {min(self.arguments)}; leave it out")
        return self


Loss = Annotated[LossOptions, BeforeValidator(by_name, json_schema_input_type=str | LossOptions)]

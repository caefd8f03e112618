"""Whether training starts from the served model, and how it then goes on."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from modules.settings.base import Options
from modules.settings.stage import Stage, with_defaults

STAGES_KEY = "finetune.stages"  # for messages
WARM_STAGES_KEY = "finetune.warm_start.stages"
DEFAULT_WARM_STAGES: tuple[dict[str, Any], ...] = (
    # A third of the rate of the last default stage: the served weights need less change.
    {"name": "warm", "unfreeze": "all", "epochs": 5, "learning_rate": 1e-4},
)


class WarmStart(Options):
    """Whether training starts from the weights of the served version."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: Literal["served", "none"] = Field(default="none", alias="from")
    """`served` starts from the weights of the version that is served, where it fits; `none` always
    starts from the pretrained backbone and a new head."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = tuple(
        Stage.model_validate(stage) for stage in DEFAULT_WARM_STAGES
    )
    """The stages of a training that starts from a served version, in place of
    `finetune.stages`; their names must differ from those too."""

    @property
    def is_asked_for(self) -> bool:
        """Whether training shall start from the served version."""
        return self.from_ == "served"


def with_stage_defaults(warm_start: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """A warm start as it was read, with what its stages leave out taken from ``finetune``."""
    stages = warm_start.get("stages", DEFAULT_WARM_STAGES)
    if not isinstance(stages, list | tuple):
        return warm_start
    return {**warm_start, "stages": [with_defaults(stage, defaults) for stage in stages]}

"""The schedule and what it shares; what Trainer gets."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from modules.errors import InputError
from modules.settings.base import Integer, Options
from modules.settings.distribution import Distribution
from modules.settings.image import ImageSpec
from modules.settings.stage import Stage, Training, with_defaults
from modules.settings.unfreeze import Patterns

DEFAULT_STAGES: tuple[dict[str, Any], ...] = (
    {"name": "head", "unfreeze": "none", "epochs": 10, "learning_rate": 1e-3},
    # On 2,062 photos with MobileNet v1, 3e-4 passed 0.97 in its second epoch, where 1e-3 first
    # undid the pretraining (0.2) and 1e-4 would still have been on its way.
    {"name": "full", "unfreeze": "all", "epochs": 10, "learning_rate": 3e-4},
)


class Finetune(Training):
    """The schedule. What a stage leaves out of ``Training``, this object says.

    Attributes:
        schedule: ``stages`` runs those that are listed; ``auto`` chooses them by the size of the
            data and of the backbone (``modules.finetune.auto``).
        stages: run one after the other, each from the best weights of the one before.
        seed: of all that is random.
        cache_mb: decoded images, and what frozen parts make of them, are kept between epochs, in
            memory up to this weight.
        cache_disk_mb: beyond it on disk, up to this one; a frozen part whose values would weigh
            more runs again in each epoch.
        distribution: ``none`` trains in one process on one device; ``mirrored`` shares each batch
            out among the machine's GPUs, ``multi_worker`` among the processes of ``TF_CONFIG``.
    """

    schedule: Literal["stages", "auto"] = "stages"
    stages: tuple[Stage, ...] = tuple(Stage.model_validate(stage) for stage in DEFAULT_STAGES)
    seed: Annotated[Integer, Field(ge=0, lt=1 << 31)] = 0
    cache_mb: Annotated[Integer, Field(ge=0)] = 1024
    cache_disk_mb: Annotated[Integer, Field(ge=0)] = 8192
    distribution: Distribution = "none"

    @model_validator(mode="before")
    @classmethod
    def _fill_stages(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        shared = {key: raw[key] for key in Training.model_fields if key in raw}
        try:
            Training.model_validate(shared)
        except ValidationError:
            return raw  # Reported where it stands, not once more for each stage.
        stages = raw.get("stages", () if raw.get("schedule") == "auto" else DEFAULT_STAGES)
        if not isinstance(stages, list | tuple):
            return raw
        return {**raw, "stages": [with_defaults(stage, shared) for stage in stages]}

    @field_validator("stages")
    @classmethod
    def _as_many_as_there_must_be(
        cls, stages: tuple[Stage, ...], info: ValidationInfo
    ) -> tuple[Stage, ...]:
        chosen = info.data.get("schedule") == "auto"
        if chosen and stages:
            raise ValueError("schedule: auto chooses the stages; leave them out, or leave it out")
        if not chosen and not stages:
            raise PydanticCustomError("too_short", "must hold at least one")
        return stages

    @model_validator(mode="after")
    def _distinct_names(self) -> "Finetune":
        names = [stage.name for stage in self.stages]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stage names must differ, but {twice[0]!r} stands twice; rename one")
        return self

    @model_validator(mode="after")
    def _no_statistics_of_shares(self) -> "Finetune":
        policies = {f"stages[{one.name}].batch_norm": one.batch_norm for one in self.stages}
        if self.schedule == "auto":
            policies["batch_norm"] = self.batch_norm  # The chosen stages will have it.
        moving = [name for name, policy in policies.items() if policy.statistics == "update"]
        if moving and self.distribution != "none":
            raise ValueError(
                f"distribution is {self.distribution}, but {moving[0]} has statistics: update, "
                "which needs whole batches in one place; use statistics: frozen, or "
                "distribution: none"
            )
        return self


def check_class_weights(finetune: Finetune, labels: Collection[str]) -> None:
    """Refuses a weight for a class that there is not.

    Args:
        finetune: the schedule.
        labels: the classes that the data holds.

    Raises:
        InputError: which names the stage and the label.
    """
    for stage in finetune.stages:
        wanted = stage.class_weights if isinstance(stage.class_weights, dict) else {}
        unknown = sorted(set(wanted) - set(labels))
        if unknown:
            known = ", ".join(map(repr, sorted(labels)[:20]))
            raise InputError(
                f"finetune.stages[{stage.name}].class_weights: there is no class {unknown[0]!r}; "
                f"the labels are {known}: correct it, or quote it if YAML reads it as another value"
            )


class TrainerOptions(Options):
    """All that ``modules.trainer.run_fn`` needs, as one JSON object in ``custom_config``.

    Attributes:
        handle: the Hub module.
        sha256: that its files had when the run was prepared, and must have still; empty for any.
        blocks: patterns that name the module's blocks, where it is told to.
        image: what the image function makes.
        finetune: the schedule.
        checkpoints: a folder that outlives an attempt; none are written where it is empty.
    """

    handle: str
    sha256: str = ""
    blocks: Patterns | None = None
    image: ImageSpec
    finetune: Finetune
    checkpoints: str = ""

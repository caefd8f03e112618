"""The schedule, and the options of Trainer."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from modules.errors import InputError
from modules.plugins import is_reference
from modules.settings.base import Integer, Options
from modules.settings.distribution import Distribution
from modules.settings.head import Head, LinearHead
from modules.settings.image import ImageSpec
from modules.settings.stage import Stage, Training, with_defaults
from modules.settings.unfreeze import Patterns
from modules.settings.warm_start import STAGES_KEY, WARM_STAGES_KEY, WarmStart, with_stage_defaults

DEFAULT_STAGES: tuple[dict[str, Any], ...] = (
    {"name": "head", "unfreeze": "none", "epochs": 10, "learning_rate": 1e-3},
    # On 2,062 photos with MobileNet v1, 3e-4 passed 0.97 in its second epoch, where 1e-3 first
    # undid the pretraining (0.2) and 1e-4 would still have been on its way.
    {"name": "full", "unfreeze": "all", "epochs": 10, "learning_rate": 3e-4},
)


class Finetune(Training):
    """The unfreeze schedule, and how its stages train if they do not say so themselves."""

    schedule: Literal["stages", "auto"] = "stages"
    """`stages` runs the listed stages; `auto` chooses stages by the size of the data and of the
    backbone."""
    stages: tuple[Stage, ...] = tuple(Stage.model_validate(stage) for stage in DEFAULT_STAGES)
    """The stages, in order. Each starts from the best weights of the stage before it."""
    head: Head = LinearHead()
    """What turns the backbone's features into scores: `linear`, one layer; `mlp`, hidden layers
    before it, `{name: mlp, hidden_units: [256], dropout: 0.0}`; or your own,
    `package.module:name`, or `{name: package.module:name}` with its arguments beside the name."""
    seed: Annotated[Integer, Field(ge=0, lt=1 << 31)] = 0
    """The seed of everything random."""
    cache_mb: Annotated[Integer, Field(ge=0)] = 1024
    """The memory for decoded images, and for what frozen parts compute from them, kept between
    epochs; MB of 2**20 bytes."""
    cache_disk_mb: Annotated[Integer, Field(ge=0)] = 8192
    """The disk space for what exceeds `cache_mb`; MB of 2**20 bytes. A frozen part whose values
    need more than both runs again in each epoch."""
    distribution: Distribution = "none"
    """`none` trains in one process on one device; `mirrored` shares each batch among the
    machine's GPUs, `multi_worker` among the processes that `TF_CONFIG` names."""
    warm_start: WarmStart = WarmStart()
    """Whether training starts from the weights of the served version, and how it then goes on."""

    @model_validator(mode="before")
    @classmethod
    def _fill_stages(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        shared = {key: raw[key] for key in Training.model_fields if key in raw}
        try:
            Training.model_validate(shared)
        except ValidationError:
            return raw  # Reported once for `finetune`, and not again for each stage.
        stages = raw.get("stages", () if raw.get("schedule") == "auto" else DEFAULT_STAGES)
        if not isinstance(stages, list | tuple):
            return raw
        filled = {**raw, "stages": [with_defaults(stage, shared) for stage in stages]}
        if isinstance(raw.get("warm_start"), dict):
            filled["warm_start"] = with_stage_defaults(raw["warm_start"], shared)
        return filled

    @field_validator("stages")
    @classmethod
    def _stages_fit_the_schedule(
        cls, stages: tuple[Stage, ...], info: ValidationInfo
    ) -> tuple[Stage, ...]:
        chosen = info.data.get("schedule") == "auto"
        if chosen and stages:
            raise ValueError(
                "schedule: auto chooses the stages; remove the stages, or remove schedule: auto"
            )
        if not chosen and not stages:
            raise PydanticCustomError("too_short", "must hold at least one")
        return stages

    @model_validator(mode="after")
    def _distinct_names(self) -> "Finetune":
        names = [stage.name for _, stage in self.keyed_stages()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"stage names must differ, but {twice[0]!r} occurs twice; rename one")
        return self

    @model_validator(mode="after")
    def _no_statistics_of_partial_batches(self) -> "Finetune":
        policies = {
            f"{key.removeprefix('finetune.')}.batch_norm": stage.batch_norm
            for key, stage in self.keyed_stages()
        }
        if self.schedule == "auto":
            policies["batch_norm"] = self.batch_norm  # The chosen stages will have it.
        moving = [name for name, policy in policies.items() if policy.statistics == "update"]
        if moving and self.distribution != "none":
            raise ValueError(
                f"distribution is {self.distribution}, but {moving[0]} has statistics: update, "
                "which needs whole batches on one device; use statistics: frozen, or "
                "distribution: none"
            )
        return self

    def keyed_stages(self) -> list[tuple[str, Stage]]:
        """All stages that a run may train, and for each the key that names it.

        Those of ``warm_start`` are among them only if a warm start is asked for.
        """
        keyed = [(f"{STAGES_KEY}[{stage.name}]", stage) for stage in self.stages]
        warm = self.warm_start.stages if self.warm_start.is_asked_for else ()
        return [*keyed, *((f"{WARM_STAGES_KEY}[{stage.name}]", stage) for stage in warm)]

    @property
    def warm(self) -> "Finetune":
        """The same with the stages of a training that starts from a served version."""
        return self.model_copy(update={"schedule": "stages", "stages": self.warm_start.stages})

    @property
    def plugins(self) -> dict[str, str]:
        """The user's own code that training calls, and for each the key that names it."""
        named = {self.head.name: "finetune.head"}
        shared = () if self.stages else (("finetune", self),)  # ``auto``: the stages will have it.
        for key, training in (*shared, *self.keyed_stages()):
            named.setdefault(training.loss.name, f"{key}.loss")
            for operation in training.augmentation.operations:
                named.setdefault(operation.name, f"{key}.augmentation.operations")
        return {name: key for name, key in named.items() if is_reference(name)}


def check_class_weights(finetune: Finetune, labels: Collection[str]) -> None:
    """Refuses a weight for an unknown class.

    Args:
        finetune: the schedule.
        labels: the classes that the data holds.

    Raises:
        InputError: which names the stage and the label.
    """
    for key, stage in finetune.keyed_stages():
        weights = stage.class_weights if isinstance(stage.class_weights, dict) else {}
        unknown = sorted(set(weights) - set(labels))
        if unknown:
            known = ", ".join(map(repr, sorted(labels)[:20]))
            raise InputError(
                f"{key}.class_weights: there is no class {unknown[0]!r}; "
                f"the labels are {known}: correct it, or quote it if YAML reads it as another value"
            )


class TrainerOptions(Options):
    """All that ``modules.trainer.run_fn`` needs, as one JSON object in ``custom_config``."""

    handle: str
    """The Hub module."""
    sha256: str = ""
    """The digest of the module's files when the run was prepared, which they must still have;
    empty for any."""
    blocks: Patterns | None = None
    """Regular expressions that name the module's blocks; None for the names that the module
    itself suggests."""
    image: ImageSpec
    """What the image function computes."""
    finetune: Finetune
    """The schedule."""
    checkpoints: str = ""
    """A folder that outlives an attempt; empty to write no checkpoints."""

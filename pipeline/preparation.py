"""Loads the backbone and resolves the configuration against it, before the graph is built.

A handle that cannot be loaded, or a schedule that does not fit the backbone, is refused here,
before any image is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from components.image_example_gen.sources import list_all
from modules.backbones import backbone
from modules.backbones.backbone import Backbone
from modules.backbones.blocks import blocks
from modules.backbones.blocks.blocks import Block
from modules.backbones.loading.origin import Origin
from modules.backbones.reusable import check_can_be_saved
from modules.finetune import auto, schedule
from modules.finetune.forward import training_forward
from modules.settings import (
    WARM_STAGES_KEY,
    WHITE,
    Color,
    Finetune,
    ImageSpec,
    Patterns,
    Stage,
    TrainerOptions,
)
from modules.text import without_secrets
from pipeline import plugin_checks
from pipeline.configuration.config import BackboneOptions, Config
from pipeline.data_size import DataSize, data_size
from pipeline.state.root import Root

_RANGE = (0.0, 1.0)  # of black and white, by Hub's convention for images


@dataclass(frozen=True)
class Prepared:
    """A loaded backbone, and the configuration resolved against it.

    Attributes:
        backbone: the loaded module.
        blocks: its blocks, in the order of the data.
        stages: the schedule, each stage with the blocks that it trains.
        warm_stages: likewise of a training that starts from a served version, if the configuration
            asks for it.
        image: the size, range and background that each image is brought to.
        patterns: regular expressions that name the blocks: the configuration's own, or those of the
            model that the backbone comes from; None for neither.
        notes: lines that the user should see.
    """

    backbone: Backbone
    blocks: list[Block]
    stages: list[schedule.PlannedStage]
    image: ImageSpec
    patterns: Patterns | None
    notes: tuple[str, ...]
    warm_stages: Sequence[schedule.PlannedStage] = ()


def prepare(
    options: BackboneOptions,
    stages: tuple[Stage, ...] = (),
    resize: str = "stretch",
    background: Color = WHITE,
) -> Prepared:
    """Loads the backbone and resolves the schedule against it.

    Raises:
        InputError: when the backbone cannot be loaded, exported or cut into blocks, or a stage
            does not fit it.
    """
    module = backbone.load(options.handle, options.allowed or (), options.sha256)
    check_can_be_saved(module)
    options, notes = _with_origin(options, module.origin)
    module_blocks = blocks.blocks_of(module, options.blocks)
    planned = schedule.plan(stages, module_blocks)
    height, width = module.image_size(options.size)
    image = ImageSpec.model_validate(
        {
            "height": height,
            "width": width,
            "resize": resize,
            "input_range": options.input_range or _RANGE,
            "background": background,
        }
    )
    _check_batch_norm(module, image, planned, module_blocks)
    return Prepared(
        backbone=module,
        blocks=module_blocks,
        stages=planned,
        image=image,
        patterns=options.blocks,
        notes=notes,
    )


def _with_origin(
    options: BackboneOptions, origin: Origin | None
) -> tuple[BackboneOptions, tuple[str, ...]]:
    """The options, with those that are left out taken from the model that the backbone comes from.

    Args:
        options: the configuration's.
        origin: of a model that Thaw exported; None for another module.

    Returns:
        The options, and lines that the user should see.
    """
    if origin is None:
        return options, ()
    recorded = {
        "image_size": (origin.height, origin.width),
        "input_range": origin.input_range,
        "blocks": origin.blocks,
    }
    taken = {
        key: value for key, value in recorded.items() if getattr(options, key) is None and value
    }
    note = (
        f"{without_secrets(options.handle)} is a model that Thaw trained from {origin.handle}: its "
        "backbone is used with the weights that it learned, and without its head"
    )
    if taken:
        note += f"; also from that model: {', '.join(sorted(taken))}"
    return options.model_copy(update=taken), (note,)


def prepare_config(config: Config, size: DataSize | None = None) -> Prepared:
    """``prepare`` for a whole configuration, and the user's own code that it names.

    Args:
        config: of the run.
        size: of its data, on which an automatic schedule depends; None lists the images for it.

    Raises:
        InputError: when any of it cannot be used.
    """
    data, finetune = config.data, config.finetune
    prepared = prepare(config.backbone, finetune.stages, data.resize, data.background)
    if finetune.schedule == "auto":
        rule_inputs = expected_rule_inputs(config, prepared, size)
        resolved = auto.resolve(finetune, rule_inputs)
        prepared = replace(prepared, stages=schedule.plan(resolved.stages, prepared.blocks))
    stages = [planned.stage for planned in prepared.stages]
    plugin_checks.check_training(finetune, stages, prepared.image, prepared.backbone.output_dim)
    plugin_checks.check_gate(config.evaluation)
    if finetune.warm_start.is_asked_for:
        prepared = replace(prepared, warm_stages=_warm_stages(finetune, prepared))
    return prepared


def _warm_stages(finetune: Finetune, prepared: Prepared) -> list[schedule.PlannedStage]:
    """The stages of a warm start, checked as those of the schedule; raises ``InputError``."""
    stages = finetune.warm_start.stages
    planned = schedule.plan(stages, prepared.blocks, WARM_STAGES_KEY)
    _check_batch_norm(prepared.backbone, prepared.image, planned, prepared.blocks)
    plugin_checks.check_training(
        finetune, list(stages), prepared.image, prepared.backbone.output_dim, WARM_STAGES_KEY
    )
    return planned


def _check_batch_norm(
    module: Backbone,
    image: ImageSpec,
    planned: Sequence[schedule.PlannedStage],
    all_blocks: list[Block],
) -> None:
    """Refuses a stage whose BatchNorm cannot be switched to training mode."""
    for stage in planned:
        training_forward(module, image, stage, all_blocks)


def expected_rule_inputs(
    config: Config, prepared: Prepared, size: DataSize | None = None
) -> auto.ScheduleInputs:
    """The numbers that an automatic schedule is chosen by, if all files turn out to be usable.

    Args:
        config: of the run.
        prepared: its backbone.
        size: of its data; None lists the images here.
    """
    if size is None:
        files = list_all(config.data.ingest().model_copy(update={"earlier": None}))
        size = data_size(files, config.data.splits.shares())
    return auto.schedule_inputs(size.images, size.classes, prepared.image, prepared.blocks)


def trainer_options(config: Config, prepared: Prepared) -> TrainerOptions:
    """The options that Trainer gets, with the fingerprint of the backbone's files."""
    return TrainerOptions(
        handle=config.backbone.handle,
        sha256=prepared.backbone.sha256,
        blocks=prepared.patterns,
        image=prepared.image,
        finetune=config.finetune,
        checkpoints=str(Root(config.root).checkpoints),
    )

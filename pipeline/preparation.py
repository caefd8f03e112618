"""What is found out before the graph is built: the backbone's form, and what each stage trains.

A schedule that does not fit the backbone, or a handle that loads nothing, is refused here, before
any image is read.
"""

from dataclasses import dataclass, replace

from components.image_example_gen import sides
from components.image_example_gen.sources import list_all
from modules import features
from modules.backbones import backbone, blocks
from modules.backbones.backbone import Backbone
from modules.backbones.blocks import Block
from modules.finetune import auto, schedule
from modules.finetune.forward import training_forward
from modules.settings import ImageSpec, Stage, TrainerOptions
from pipeline.config import BackboneOptions, Config
from pipeline.root import Root


@dataclass(frozen=True)
class Prepared:
    """A backbone and its blocks, with what the configuration makes of them."""

    backbone: Backbone
    blocks: list[Block]
    stages: list[schedule.PlannedStage]
    image: ImageSpec


def prepare(
    options: BackboneOptions, stages: tuple[Stage, ...] = (), resize: str = "stretch"
) -> Prepared:
    """Loads the backbone and resolves the schedule against it.

    Raises:
        InputError: when either cannot be used.
    """
    module = backbone.load(options.handle, options.allowed or (), options.sha256)
    parts = blocks.blocks_of(module, options.blocks)
    planned = schedule.plan(stages, parts)
    height, width = module.image_size(options.size)
    image = ImageSpec.model_validate(
        {
            "height": height,
            "width": width,
            "resize": resize,
            "input_range": options.input_range,
        }
    )
    for stage in planned:
        training_forward(module, image, stage, parts)
    return Prepared(module, parts, planned, image)


def prepare_config(config: Config) -> Prepared:
    """``prepare`` for a whole configuration."""
    prepared = prepare(config.backbone, config.finetune.stages, config.data.resize)
    if config.finetune.schedule != "auto":
        return prepared
    facts = expected_facts(config, prepared)
    resolved = auto.resolve(config.finetune, facts)
    return replace(prepared, stages=schedule.plan(resolved.stages, prepared.blocks))


def expected_facts(config: Config, prepared: Prepared) -> auto.Facts:
    """What an automatic schedule will go by, if all files can be used."""
    options = config.data.ingest()
    listed = list_all(options.model_copy(update={"earlier": ""}))
    files, shares = sides.opened([file for file in listed if not file.problem], options.splits)
    open_ones = sum(file.split is None for file in files)
    images = round(open_ones * shares[features.TRAIN])
    classes = len({file.label for file in files})
    return auto.facts_of(images, classes, prepared.image, prepared.blocks)


def trainer_options(config: Config, prepared: Prepared) -> TrainerOptions:
    """What Trainer gets."""
    return TrainerOptions(
        handle=config.backbone.handle,
        sha256=prepared.backbone.sha256,
        blocks=config.backbone.blocks,
        image=prepared.image,
        finetune=config.finetune,
        checkpoints=str(Root(config.root).checkpoints),
    )

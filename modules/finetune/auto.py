"""Chooses a schedule by the size of the data and of the backbone: ``finetune.schedule: auto``.

Like BiT's HyperRule (Kolesnikov et al. 2020, arXiv:1912.11370), which chooses the training length
by the number of images alone, this is a small, readable rule rather than a search.
``docs/quality.md`` compares it with other schedules, and says how to repeat the measurements.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modules.finetune.schedule import Named
from modules.settings import Finetune, ImageSpec, Training

_STEPS = 500
_FULL_STEPS = 400
_MANY = 400  # images
_SMALL = 250_000  # parameters


@dataclass(frozen=True)
class ScheduleInputs:
    """What the rule may depend on; the summary shows all of it.

    Attributes:
        images: how many training images there are.
        classes: how many classes there are.
        side: the longer side of the backbone's input images, in pixels. The rule does not depend on
            it or on ``classes`` yet, since no measurement says how it should.
        blocks: how many trainable blocks the backbone has.
        parameters: how many numbers the variables of these blocks hold.
    """

    images: int
    classes: int
    side: int
    blocks: int
    parameters: int


def schedule_inputs(
    images: int, classes: int, image: ImageSpec, blocks: Sequence[Named]
) -> ScheduleInputs:
    """Collects what the rule may depend on."""
    parameters = sum(block.parameters for block in blocks)
    return ScheduleInputs(images, classes, max(image.height, image.width), len(blocks), parameters)


def resolve(options: Finetune, inputs: ScheduleInputs) -> Finetune:
    """Returns the options with stages: the configured ones, or those that the rule chooses.

    Options for all stages that differ from their defaults take precedence over the rule's choice.
    """
    if options.schedule != "auto":
        return options
    defaults = Training().model_dump()
    configured = options.model_dump(include=set(defaults))
    overrides = {key: value for key, value in configured.items() if value != defaults[key]}
    stages = [{**defaults, **stage, **overrides} for stage in choose_stages(inputs)]
    return Finetune.model_validate({**options.model_dump(), "schedule": "stages", "stages": stages})


def describe(
    options: Finetune, resolved: Finetune, inputs: ScheduleInputs, *, warm: bool = False
) -> dict[str, Any]:
    """Describes for the summary who chose the stages, and which.

    ``warm_start`` chose them if the training is ``warm``, else ``auto`` or the ``config``.
    """
    chosen_by = "auto" if options.schedule == "auto" else "config"
    return {
        "chosen_by": "warm_start" if warm else chosen_by,
        "facts": asdict(inputs),
        "stages": [stage.model_dump(mode="json") for stage in resolved.stages],
    }


def choose_stages(inputs: ScheduleInputs) -> list[dict[str, Any]]:
    """Chooses the stages, in the form that a config has.

    The numbers have these reasons; "measured" means on digits and sign language, with 10 to 165
    images a class and backbones of 0.1 and 0.2 million parameters:

    - A stage has 500 steps, however few the images: BiT's number for its smallest data sets. It has
      400 where everything is unfrozen, since 500 were no better there (one seed). It has at most 40
      and 30 epochs, so that a few images are not repeated endlessly, and at least 10 and 8, so that
      the cosine has a shape; these limits are chosen, not measured.
    - Batches have 32 images, or 16 below 320 images, where 32 would leave fewer than 10 steps to an
      epoch.
    - The head learns at 0.01, ten times Adam's default, since a linear layer is a convex problem
      and the cosine settles it.
    - Then blocks learn at 0.001, with an epoch of warm-up. Up to 400 images it is the last half of
      them, which does better than the head alone and, with few images, much better than everything
      from the start. With more images it is all of them, since images unlike those of the
      pretraining change the first blocks too. This was measured at 200 and 800 images; 400 lies
      between. On two of five seeds, three quarters of the blocks did as well; on one, rates that
      decrease towards the first block (0.85 a block) did worse.
    - A larger backbone learns at a lower rate: with Adam, the best rate is inversely proportional
      to a layer's width (Yang et al. 2022, arXiv:2203.03466, table 3), and so to the square root of
      its parameters. This is not measured: no larger pretrained backbone was available.
    - An exponential moving average over about 20 steps (0.95), short for even the shortest stage,
      replaces the last step's weights; label smoothing is 0.1 (Szegedy et al. 2016).
    - The blocks have no early stopping, since a cosine is best at its end. Nothing is augmented,
      since only a person knows what may be flipped or cropped; ``finetune`` may set it for all
      stages.
    """
    batch = 32 if inputs.images >= 320 else 16
    steps = math.ceil(inputs.images / batch)

    def epochs(wanted: int, least: int, most: int) -> int:
        return min(max(math.ceil(wanted / steps), least), most)

    shared = {"batch_size": batch, "label_smoothing": 0.1}
    head = {
        **shared,
        "name": "head",
        "epochs": epochs(_STEPS, 10, 40),
        "learning_rate": {"peak": 0.01, "decay": "cosine"},
        "early_stopping": {"monitor": "loss", "patience": 10},
    }
    if not inputs.blocks:
        return [head]
    peak = 1e-3 * math.sqrt(_SMALL / max(inputs.parameters, _SMALL))
    few = inputs.images < _MANY
    blocks = {
        **shared,
        "name": "partial" if few else "full",
        "unfreeze": {"fraction": 0.5} if few else "all",
        "epochs": epochs(_STEPS if few else _FULL_STEPS, 8, 30),
        "learning_rate": {"peak": round(peak, 6), "warmup_epochs": 1, "decay": "cosine"},
        "early_stopping": None,
        "ema": 0.95,
    }
    return [head, blocks]

"""A schedule from the size of the data and of the backbone: ``finetune.schedule: auto``.

In the spirit of BiT's HyperRule (Kolesnikov et al. 2020, arXiv:1912.11370), which picks the length
of training from the number of images alone: a rule small enough to be read, and no search.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modules.finetune.schedule import Named
from modules.settings import Finetune, ImageSpec, Training

# Updates that a stage gets, however few the images: BiT's 500 for its smallest data sets.
_STEPS = 500


@dataclass(frozen=True)
class Facts:
    """What the rule looks at.

    Attributes:
        images: to learn from.
        classes: how many there are.
        side: the longer side of the images that the backbone takes, in pixels.
        blocks: how many the backbone has that can be trained.
        parameters: how many numbers these hold.
    """

    images: int
    classes: int
    side: int
    blocks: int
    parameters: int


def facts_of(images: int, classes: int, image: ImageSpec, blocks: Sequence[Named]) -> Facts:
    """What the rule looks at, of some data and a backbone's blocks."""
    parameters = sum(block.parameters for block in blocks)
    return Facts(images, classes, max(image.height, image.width), len(blocks), parameters)


def resolve(options: Finetune, facts: Facts) -> Finetune:
    """The options with stages: as they are listed, or as the rule chooses them.

    What ``options`` says for all stages, beyond the defaults, goes before what the rule chooses.
    """
    if options.schedule != "auto":
        return options
    defaults = Training().model_dump()
    given = options.model_dump(include=set(defaults))
    said = {key: value for key, value in given.items() if value != defaults[key]}
    stages = [{**defaults, **stage, **said} for stage in choose_stages(facts)]
    return Finetune.model_validate({**options.model_dump(), "schedule": "stages", "stages": stages})


def describe(options: Finetune, resolved: Finetune, facts: Facts) -> dict[str, Any]:
    """For the summary: who chose the stages, ``auto`` or ``config``, by what, and which."""
    return {
        "chosen_by": "auto" if options.schedule == "auto" else "config",
        "facts": asdict(facts),
        "stages": [stage.model_dump(mode="json") for stage in resolved.stages],
    }


def choose_stages(facts: Facts) -> list[dict[str, Any]]:
    """The stages for some data, as they would stand in a config."""
    batch = 32 if facts.images >= 320 else 16
    steps = math.ceil(facts.images / batch)

    def epochs(least: int, most: int) -> int:
        return min(max(math.ceil(_STEPS / steps), least), most)

    shared = {"batch_size": batch, "label_smoothing": 0.1}
    stages = [
        {
            **shared,
            "name": "head",
            "epochs": epochs(10, 40),
            "learning_rate": {"peak": 0.01, "decay": "cosine"},
            "early_stopping": {"monitor": "loss", "patience": 10},
        }
    ]
    if facts.blocks:
        stages.append(
            {
                **shared,
                "name": "partial",
                "unfreeze": {"fraction": 0.5},
                "epochs": epochs(8, 30),
                "learning_rate": {"peak": 1e-3, "warmup_epochs": 1, "decay": "cosine"},
                "early_stopping": None,
                "ema": 0.95,
            }
        )
    return stages

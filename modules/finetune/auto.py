"""A schedule from the size of the data and of the backbone: ``finetune.schedule: auto``.

In the spirit of BiT's HyperRule (Kolesnikov et al. 2020, arXiv:1912.11370), which picks the length
of training from the number of images alone: a rule small enough to be read, and no search.
``docs/quality.md`` has what it comes to beside other schedules, and how to measure it again.
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
class Facts:
    """What the rule may look at; all of it is told in the summary.

    Attributes:
        images: to learn from.
        classes: how many there are.
        side: the longer side of the images that the backbone takes, in pixels. It and ``classes``
            move nothing yet: nothing that was measured says how they should.
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
    """The stages for some data, as they would stand in a config.

    Where the numbers come from; "measured" is on digits and sign language at 10 to 165 images a
    class, with backbones of 0.1 and 0.2 million parameters:

    - 500 steps a stage, however few the images: BiT's for its smallest data sets; 400 where
      everything is unfrozen, which 500 did not better (one seed). At most 40 and 30 epochs, so that
      few images are not seen without end, and at least 10 and 8, so that a cosine has a shape:
      chosen, not measured.
    - Batches of 32, and of 16 below 320 images, where 32 leave fewer than 10 steps to an epoch.
    - The head at 0.01: ten times Adam's default, for a linear layer is a convex problem and a
      cosine settles it.
    - Then blocks at 0.001 with an epoch of warm-up. Up to 400 images the last half: more than the
      head alone, and with few images much more than everything from the start. From there on all of
      them, as images unlike those that the backbone knows move its first blocks too. Measured at
      200 and 800 images, with 400 between them. On two of five seeds three quarters of the blocks
      came to as much; on one, rates that fall towards the first (0.85 a block) came to less.
    - A larger backbone moves more slowly: with Adam, the rate that suits falls with a layer's width
      (Yang et al. 2022, arXiv:2203.03466, table 3), and so with the square root of its parameters.
      Not measured: no larger pretrained backbone was at hand.
    - A running mean over about 20 steps (0.95), short enough for the shortest stage, in place of
      the last step's weights; label smoothing of 0.1 (Szegedy et al. 2016).
    - No early stopping for the blocks: a cosine is best at its end. No augmentation, since what may
      be flipped or cropped only a person knows: what ``finetune`` says for all stages is taken.
    """
    batch = 32 if facts.images >= 320 else 16
    steps = math.ceil(facts.images / batch)

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
    if not facts.blocks:
        return [head]
    peak = 1e-3 * math.sqrt(_SMALL / max(facts.parameters, _SMALL))
    few = facts.images < _MANY
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

"""What a schedule is run on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from modules.backbones.blocks.blocks import Block
from modules.finetune.classifier import Classifier
from modules.finetune.distribution import SingleDevice
from modules.finetune.forward import inference_forward
from modules.finetune.steps import Measure
from modules.images.inputs import Images
from modules.settings import Finetune, ImageSpec


@dataclass(frozen=True)
class TrainingContext:
    """A model, its data and its options.

    Attributes:
        model: trained in place.
        blocks: the backbone's, in the order of the data.
        labels: names of the classes, in the order of their indices.
        train: images to learn from.
        validation: images that decide when to stop and which stage ships.
        options: the schedule.
        image: what the images are.
        earlier: images of earlier data, to see what is forgotten.
        checkpoints: a folder for this task alone, which outlives an attempt; None for none.
        distribution: what shares the work of a batch.
    """

    model: Classifier
    blocks: Sequence[Block]
    labels: Sequence[str]
    train: Images
    validation: Images
    options: Finetune
    image: ImageSpec
    earlier: Images | None = None
    checkpoints: Path | None = None
    distribution: SingleDevice = field(default_factory=SingleDevice)

    @cached_property
    def measure(self) -> Measure:
        """Evaluates the model on images; traced once for all stages."""
        forward = inference_forward(self.model.backbone, self.image, None)
        rows = [self.validation.dataset.element_spec]
        return Measure(self.model, forward, rows, self.distribution)

"""What a schedule is run on: the model, the data and the options."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from modules.backbones.blocks.blocks import Block
from modules.finetune.classifier import Classifier
from modules.finetune.distribution import SingleDevice, Strategy
from modules.finetune.forward import inference_forward
from modules.finetune.steps import ModelEvaluator
from modules.images.inputs import Images
from modules.settings import Finetune, ImageSpec


@dataclass(frozen=True, kw_only=True)
class TrainingContext:
    """A model, its data and its options.

    Attributes:
        model: the model, trained in place.
        blocks: the backbone's blocks, in the order of the data flow.
        labels: the class names, in the order of their indices.
        train: the training images.
        validation: the images that decide when to stop and which stage ships.
        options: the schedule.
        image: size and value range of the backbone's input.
        earlier: images of earlier data, on which forgetting is measured; None for none.
        checkpoints: a folder for this task alone, which outlives an attempt; None for none.
        strategy: distributes the work of a batch.
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
    strategy: Strategy = field(default_factory=SingleDevice)

    @cached_property
    def evaluate(self) -> ModelEvaluator:
        """Evaluates the model on tables of images; traced once for all stages."""
        forward = inference_forward(self.model.backbone, self.image, None)
        rows = [self.validation.dataset.element_spec]
        return ModelEvaluator(self.model, forward, rows, self.strategy)

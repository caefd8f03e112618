"""How training images are varied."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt


class RandAugment(Options):
    """RandAugment (Cubuk et al. 2019, arXiv:1909.13719).

    Attributes:
        layers: how many operations each image goes through.
        magnitude: how strong they are, in [0, 10].
    """

    layers: PositiveInt = 2
    magnitude: Annotated[FiniteFloat, Field(ge=0.0, le=10.0)] = 9.0


def _drawable(alpha: float) -> float:
    """Beyond these, Beta(alpha, alpha) is 0 or 1, or one half, to rounding."""
    if alpha and not 1e-3 <= alpha <= 1e3:
        raise ValueError(f"got {alpha:g}, must be 0, or between 0.001 and 1000; change it")
    return alpha


Alpha = Annotated[FiniteFloat, AfterValidator(_drawable)]


class Augmentation(Options):
    """How training images are varied, each time that one is seen; never in evaluation.

    Attributes:
        flip: mirrors half of the images; what a mirrored image means must stay the same.
        crop: the least share of the area that a random crop keeps; 1 crops nothing.
        color: how far brightness, contrast and saturation may move, as a share; 0 leaves them.
        rand_augment: RandAugment, or none.
        mixup: the alpha of mixup's Beta distribution (Zhang et al. 2018, arXiv:1710.09412); 0 for
            none.
        cutmix: the same for CutMix (Yun et al. 2019, arXiv:1905.04899). With both, each batch
            goes through one of them, by the toss of a coin.
    """

    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    crop: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)] = 1.0
    color: Fraction = 0.0
    rand_augment: RandAugment | None = None
    mixup: Alpha = 0.0
    cutmix: Alpha = 0.0

    @property
    def varies_images(self) -> bool:
        """Whether single images are changed."""
        return (
            self.flip != "none"
            or self.crop < 1.0
            or self.color > 0.0
            or self.rand_augment is not None
        )

    @property
    def mixes(self) -> bool:
        """Whether images of a batch are mixed with each other."""
        return self.mixup > 0.0 or self.cutmix > 0.0

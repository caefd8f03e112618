"""How training images are varied."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt


class RandAugment(Options):
    """RandAugment (Cubuk et al. 2019, arXiv:1909.13719)."""

    layers: PositiveInt = 2
    """How many operations each image goes through."""
    magnitude: Annotated[FiniteFloat, Field(ge=0.0, le=10.0)] = 9.0
    """How strong each operation is."""


def _drawable(alpha: float) -> float:
    """Beyond these, Beta(alpha, alpha) is 0 or 1, or one half, to rounding."""
    if alpha and not 1e-3 <= alpha <= 1e3:
        raise ValueError(f"got {alpha:g}, must be 0, or between 0.001 and 1000; change it")
    return alpha


Alpha = Annotated[FiniteFloat, AfterValidator(_drawable)]


class Augmentation(Options):
    """How training images are varied each time that they are seen; never in evaluation."""

    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    """Mirrors half of the images. Choose only what leaves the meaning of an image the same."""
    crop: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)] = 1.0
    """The least share of the area that a random crop keeps; 1 crops nothing."""
    color: Fraction = 0.0
    """How far brightness, contrast and saturation may move, as a share; 0 leaves them."""
    rand_augment: RandAugment | None = None
    """RandAugment's options; `null` for none."""
    mixup: Alpha = 0.0
    """The alpha of mixup's Beta distribution (Zhang et al. 2018, arXiv:1710.09412); 0 for no
    mixup."""
    cutmix: Alpha = 0.0
    """The alpha of CutMix's Beta distribution (Yun et al. 2019, arXiv:1905.04899); 0 for no
    CutMix. With mixup as well, each batch goes through one of the two, chosen at random."""

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

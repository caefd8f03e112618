"""How training images are augmented."""

from enum import Enum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt
from modules.settings.plugin import Plugin


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


class Needs(Enum):
    """What an operation works on."""

    IMAGE = "single images"
    BATCH = "the images of a batch, which it mixes with each other"


class Augmentation(Options):
    """How training images are augmented, anew each time that one is read; never in evaluation.

    A key for each operation, in the order in which they are applied; its default leaves images as
    they are. ``modules.images`` has the functions, under the same names.
    """

    crop: Annotated[FiniteFloat, Field(gt=0.0, le=1.0), Needs.IMAGE] = 1.0
    """The least share of the area that a random crop keeps; 1 crops nothing."""
    flip: Annotated[Literal["none", "horizontal", "vertical", "both"], Needs.IMAGE] = "none"
    """Mirrors half of the images. Choose only what leaves the meaning of an image the same."""
    color: Annotated[Fraction, Needs.IMAGE] = 0.0
    """How far brightness, contrast and saturation may move, as a share; 0 leaves them."""
    rand_augment: Annotated[RandAugment | None, Needs.IMAGE] = None
    """RandAugment's options; `null` for none."""
    operations: Annotated[tuple[Plugin, ...], Needs.IMAGE] = ()
    """Your own operations, in this order: each `package.module:name`, or
    `{name: package.module:name}` with its arguments beside the name."""
    mixup: Annotated[Alpha, Needs.BATCH] = 0.0
    """The alpha of mixup's Beta distribution (Zhang et al. 2018, arXiv:1710.09412); 0 for no
    mixup."""
    cutmix: Annotated[Alpha, Needs.BATCH] = 0.0
    """The alpha of CutMix's Beta distribution (Yun et al. 2019, arXiv:1905.04899); 0 for no
    CutMix. With mixup as well, each batch goes through one of the two, chosen at random."""

    @classmethod
    def names(cls, needs: Needs) -> tuple[str, ...]:
        """The operations that work on such things, in the order in which they are applied."""
        return tuple(name for name, field in cls.model_fields.items() if needs in field.metadata)

    def is_on(self, name: str) -> bool:
        """Whether an operation changes anything."""
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    @property
    def augments_images(self) -> bool:
        """Whether single images are changed."""
        return any(map(self.is_on, self.names(Needs.IMAGE)))

    @property
    def mixes(self) -> bool:
        """Whether images of a batch are mixed with each other."""
        return any(map(self.is_on, self.names(Needs.BATCH)))

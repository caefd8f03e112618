"""Backbones with a short name, for those who have no handle yet.

All are trained on ImageNet, open to all, and under the Apache licence. Addresses, image sizes and
value ranges are from their pages; ``parameters`` are counted, without a classifier.
"""

from dataclasses import dataclass

# Each address redirects to its page on Kaggle.
_GOOGLE = "https://tfhub.dev/google/imagenet"


@dataclass(frozen=True)
class Named:
    """A backbone that the config may name.

    Attributes:
        handle: the address that the name stands for.
        input_range: the values of black and white.
        image_size: the side of its square images, in pixels.
        output_dim: the length of its feature vector.
        parameters: how many numbers its variables hold, BatchNorm's statistics included.
        use: what it is good for, in a few words.
    """

    handle: str
    input_range: tuple[float, float]
    image_size: int
    output_dim: int
    parameters: int
    use: str

    @property
    def megabytes(self) -> float:
        """The size of the weights, four bytes each, in MB (10**6): about that of the download."""
        return round(4 * self.parameters / 1e6, 1)


NAMED = {
    "mobilenet_v2": Named(
        f"{_GOOGLE}/mobilenet_v2_100_224/feature_vector/5",
        (0.0, 1.0), 224, 1280, 2_257_984, "to start with",
    ),
    "mobilenet_v3_small": Named(
        f"{_GOOGLE}/mobilenet_v3_small_100_224/feature_vector/5",
        (0.0, 1.0), 224, 1024, 1_529_968, "the fastest",
    ),
    "mobilenet_v3_large": Named(
        f"{_GOOGLE}/mobilenet_v3_large_100_224/feature_vector/5",
        (0.0, 1.0), 224, 1280, 4_226_432, "small devices",
    ),
    "efficientnet_v2_b0": Named(
        f"{_GOOGLE}/efficientnet_v2_imagenet1k_b0/feature_vector/2",
        (0.0, 1.0), 224, 1280, 5_919_312, "more accurate, and slower",
    ),
    "resnet_v2_50": Named(
        f"{_GOOGLE}/resnet_v2_50/feature_vector/5",
        (0.0, 1.0), 224, 2048, 23_564_800, "large, with a GPU",
    ),
}  # fmt: skip

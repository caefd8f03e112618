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
        handle=f"{_GOOGLE}/mobilenet_v2_100_224/feature_vector/5",
        input_range=(0.0, 1.0),
        image_size=224,
        output_dim=1280,
        parameters=2_257_984,
        use="to start with",
    ),
    "mobilenet_v3_small": Named(
        handle=f"{_GOOGLE}/mobilenet_v3_small_100_224/feature_vector/5",
        input_range=(0.0, 1.0),
        image_size=224,
        output_dim=1024,
        parameters=1_529_968,
        use="the fastest",
    ),
    "mobilenet_v3_large": Named(
        handle=f"{_GOOGLE}/mobilenet_v3_large_100_224/feature_vector/5",
        input_range=(0.0, 1.0),
        image_size=224,
        output_dim=1280,
        parameters=4_226_432,
        use="small devices",
    ),
    "efficientnet_v2_b0": Named(
        handle=f"{_GOOGLE}/efficientnet_v2_imagenet1k_b0/feature_vector/2",
        input_range=(0.0, 1.0),
        image_size=224,
        output_dim=1280,
        parameters=5_919_312,
        use="more accurate, and slower",
    ),
    "resnet_v2_50": Named(
        handle=f"{_GOOGLE}/resnet_v2_50/feature_vector/5",
        input_range=(0.0, 1.0),
        image_size=224,
        output_dim=2048,
        parameters=23_564_800,
        use="large, with a GPU",
    ),
}

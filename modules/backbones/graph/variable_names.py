"""Derives layers and blocks from the names of variables."""

import itertools
import re
from collections.abc import Iterable

_NUMBER = r"[._]*\d+"
# How architectures number their blocks. The first pattern that matches a name decides.
_NUMBERED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Inception-ResNet: 35, 17 and 8 are image sizes.
        r"(?<![a-z0-9_])(?P<name>block(?:35|17|8)_\d+)(?!\d)",
        # Two numbers, of a stage and of a unit in it: TF-Slim, BiT, ResNet V2, DenseNet, ConvNeXt,
        # RegNet, Swin; `conv` only before `block`, for conv1_conv is no stage.
        rf"(?P<name>(?:(?:block_?group|stage|group|layer|block)s?{_NUMBER}[._/]+"
        rf"(?:[xyz]?block|unit|layer|cell)s?|conv{_NUMBER}[._/]*(?:x_)?block){_NUMBER})",
        # PyTorch's layer3.5
        r"(?P<name>layers?[._]*\d+[./]\d+)(?=[./])",
        # One number: EfficientNet, ViT, MobileNet V2 and V3, Inception, SqueezeNet and many more.
        r"(?<!keras_)(?P<name>(?:(?:encoder|decoder|transformer|inverted_res|residual|res|identity|"
        r"conv|mb_?conv|bottleneck|basic|dense|attention|downsampling)_?)?"
        rf"(?:block|layer|unit|stage|mixed|inception|fire|cell|bottleneck|features?)s?{_NUMBER}"
        r"(?:[a-z](?![a-z0-9]))?)(?!\d)",
        # MobileNet V2 and V3: their first block has no number.
        r"(?P<name>expanded_conv(?:_\d+)?)(?=[_/])",
        # MobileNet V1: a depthwise and a pointwise convolution with the same number.
        r"conv(?:2d)?_(?:(?:dw|pw)_(?P<conv>\d+)|(?P<slim>\d+)_(?:depthwise|pointwise))",
        # The first Keras ResNet: res2a_branch2b and bn2a_branch2b.
        r"(?:res|bn|scale)(?P<res>\d[a-z]\d*)_branch",
    )
)
# The names that Keras generates for layers without one. The number counts layers of one kind.
_GENERATED = re.compile(
    r"(?:(?:depthwise_|separable_|standardized_)?conv[123]_?d(?:_transpose)?|(?:einsum_)?dense|"
    r"(?:tpu_|sync_)?(?:batch|layer|group|unit)_normalization|normalization|(?:p_)?re_lu|"
    r"multi_head_attention|attention|embedding|add_position_embs?|class_token|keras_layer|"
    r"model|sequential|functional|variable|kernel|bias|weights?|[wb])?(?:_\d+)?"
)
_PART = re.compile(
    r"(?:[_/](?:bn|batch_?norm(?:alization)?|layer_?norm(?:alization)?|ln|conv(?:2d)?|relu))+$",
    re.IGNORECASE,
)


def layer_of(variable: str) -> str:
    """Drops the last part of a variable's name: ``conv1/kernel`` gives ``conv1``, ``a.w`` ``a``."""
    return variable.rpartition("/" if "/" in variable else ".")[0]


def block_name(variable: str) -> str:
    """Returns the block that a variable belongs to, by its name.

    ``block_4_expand/kernel`` gives ``block_4``, ``conv_pw_13_bn/gamma`` gives ``conv_13``,
    ``conv5_block3_2_conv/kernel`` gives ``conv5_block3``; a name without such a number gives its
    layer, ``Conv1`` for ``Conv1/kernel``.
    """
    return numbered(variable)[1] or plain(layer_of(variable)) or "backbone"


def numbered(variable: str) -> tuple[str, str]:
    """Returns folder and name of the numbered block within a name; two empty strings for none."""
    layer = layer_of(variable) or variable
    for pattern in _NUMBERED:
        match = pattern.search(layer + "/")
        if match:
            parts = match.groupdict()
            number = parts.get("conv") or parts.get("slim")
            res = parts.get("res")
            name = f"conv_{number}" if number else f"res{res}" if res else parts["name"]
            return layer[: match.start()].rpartition("/")[0], name
    return "", ""


def plain(layer: str) -> str:
    """Drops the parts that name a layer's kind: ``stem_conv`` and ``stem_bn`` give ``stem``."""
    return _PART.sub("", layer)


def without_generated(layer: str) -> str:
    """Drops the parts of a layer's path that Keras generated: ``stem/dense_3`` gives ``stem``."""
    return "/".join(part for part in layer.split("/") if not _GENERATED.fullmatch(part))


def is_generated(variable: str) -> bool:
    """Whether Keras generated a part of the path to a variable's layer."""
    layer = layer_of(variable)
    return without_generated(layer) != layer


def root(variables: Iterable[str]) -> str:
    """Returns the path that all variables share, with a final slash: the module's own name."""
    folders = zip(*(name.split("/")[:-1] for name in variables), strict=False)
    shared = itertools.takewhile(lambda parts: len(set(parts)) == 1, folders)
    return "".join(f"{parts[0]}/" for parts in shared)

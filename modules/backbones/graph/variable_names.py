"""What the variables' names say about blocks."""

import itertools
import re
from collections.abc import Iterable

_NUMBER = r"[._]*\d+"
# How architectures number their blocks. The first that is found in a name decides.
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
        # MobileNet V2 and V3: the first has no number.
        r"(?P<name>expanded_conv(?:_\d+)?)(?=[_/])",
        # MobileNet V1: a depthwise and a pointwise convolution of one number.
        r"conv(?:2d)?_(?:(?:dw|pw)_(?P<conv>\d+)|(?P<slim>\d+)_(?:depthwise|pointwise))",
        # The first Keras ResNet: res2a_branch2b and bn2a_branch2b.
        r"(?:res|bn|scale)(?P<res>\d[a-z]\d*)_branch",
    )
)
# What Keras calls a layer that was given no name. Its number counts layers of one kind.
_MADE_UP = re.compile(
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
    """A variable's name without its last part: ``conv1`` of ``conv1/kernel``, ``a`` of ``a.w``."""
    return variable.rpartition("/" if "/" in variable else ".")[0]


def block_name(variable: str) -> str:
    """The block that a variable belongs to, by its name.

    ``block_4_expand/kernel`` gives ``block_4``, ``conv_pw_13_bn/gamma`` gives ``conv_13``,
    ``conv5_block3_2_conv/kernel`` gives ``conv5_block3``; a name without such a number gives its
    layer, ``Conv1`` for ``Conv1/kernel``.
    """
    return numbered(variable)[1] or plain(layer_of(variable)) or "backbone"


def numbered(variable: str) -> tuple[str, str]:
    """The folder and the name of the numbered block that a name holds; two empty ones for none."""
    layer = layer_of(variable) or variable
    for pattern in _NUMBERED:
        found = pattern.search(layer + "/")
        if found:
            parts = found.groupdict()
            number = parts.get("conv") or parts.get("slim")
            res = parts.get("res")
            name = f"conv_{number}" if number else f"res{res}" if res else parts["name"]
            return layer[: found.start()].rpartition("/")[0], name
    return "", ""


def plain(layer: str) -> str:
    """A layer without the parts that tell its kind: ``stem`` for ``stem_conv`` and ``stem_bn``."""
    return _PART.sub("", layer)


def without_made_up(layer: str) -> str:
    """A layer's path without the parts that Keras made up: ``stem`` for ``stem/dense_3``."""
    return "/".join(part for part in layer.split("/") if not _MADE_UP.fullmatch(part))


def is_made_up(variable: str) -> bool:
    """Whether a part of the path to a variable's layer is made up."""
    layer = layer_of(variable)
    return without_made_up(layer) != layer


def root(variables: Iterable[str]) -> str:
    """The folders that all variables lie in, each with its slash: the module's own name."""
    folders = zip(*(name.split("/")[:-1] for name in variables), strict=False)
    shared = itertools.takewhile(lambda parts: len(set(parts)) == 1, folders)
    return "".join(f"{parts[0]}/" for parts in shared)

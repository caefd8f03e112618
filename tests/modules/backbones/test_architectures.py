"""Blocks of well-known architectures, with random weights, written and loaded back."""

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
import tf_keras

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.backbones.cut import Cut, find_cut
from tests.modules.backbones.test_cut import compare, images
from tests.modules.small_modules import application, inference, nameless, save, vision_transformer

pytestmark = pytest.mark.kernels


def numbered(prefix: str, last: int, first: int = 1) -> list[str]:
    return [f"{prefix}{number}" for number in range(first, last + 1)]


MOBILENET = ["Conv1", "expanded_conv", *numbered("block_", 16), "Conv_1"]
RESNET = [
    "conv1",
    *numbered("conv2_block", 3),
    *numbered("conv3_block", 4),
    *numbered("conv4_block", 6),
    *numbered("conv5_block", 3),
]
DENSENET = [
    "conv1",
    *numbered("conv2_block", 6),
    "pool2",
    *numbered("conv3_block", 12),
    "pool3",
    *numbered("conv4_block", 24),
    "pool4",
    *numbered("conv5_block", 16),
]
EFFICIENTNET_UNITS = ("a", "ab", "ab", "abc", "abc", "abcd", "a")
EFFICIENTNET = [
    "stem",
    *(f"block{n}{c}" for n, cs in enumerate(EFFICIENTNET_UNITS, 1) for c in cs),
    "top",
]
CONVNEXT = [
    "convnext_tiny_stem",
    *numbered("stage_0_block_", 2, 0),
    "convnext_tiny_downsampling_conv_0",
    *numbered("stage_1_block_", 2, 0),
    "convnext_tiny_downsampling_conv_1",
    *numbered("stage_2_block_", 8, 0),
    "convnext_tiny_downsampling_conv_2",
    *numbered("stage_3_block_", 2, 0),
]
VIT = ["embedding", *numbered("encoderblock_", 2, 0)]
XCEPTION = numbered("block", 14)

# Each with its blocks, and how many of its layers are BatchNorm.
KNOWN = {
    "MobileNetV2": (MOBILENET, 52),
    "ResNet50V2": (RESNET, 49),
    "EfficientNetB0": (EFFICIENTNET, 49),
    "DenseNet121": (DENSENET, 121),
    "ConvNeXtTiny": (CONVNEXT, 0),
    "VisionTransformer": (VIT, 0),
    "Xception": (XCEPTION, 40),
}
SIZES = {"Xception": 71, "MobileNetV2": 64}
# A network of convolutions and a transformer stand for all where time is short.
QUICK = ("MobileNetV2", "VisionTransformer")
ARCHITECTURES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in KNOWN
]

Load = Callable[[str], backbone.Backbone]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Loads an architecture, each written only once."""

    @functools.cache
    def loaded(name: str) -> backbone.Backbone:
        # Of some weights one or the other ReLU stands so near zero that rounding opens or shuts it.
        tf_keras.utils.set_random_seed(0)
        size = SIZES.get(name, 32)
        vision = name == "VisionTransformer"
        model = vision_transformer(size) if vision else application(name, size)
        return backbone.load(save(inference(model), tmp_path_factory.mktemp(name)))

    return loaded


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_blocks_are_named_and_in_the_order_of_the_data(name: str, load: Load) -> None:
    expected, batch_norm = KNOWN[name]
    module = load(name)
    module_blocks = blocks.blocks_of(module)
    assert blocks.names(module_blocks) == expected
    assert sum(block.batch_norm for block in module_blocks) == batch_norm
    assert sum(len(block.statistics) for block in module_blocks) == 2 * batch_norm
    in_blocks = [id(variable) for variable in blocks.variables_of(module_blocks)]
    assert sorted(in_blocks) == sorted(id(variable) for variable in module.trainable)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_cut_before_the_last_block_or_the_last_third_changes_no_result(
    name: str, load: Load
) -> None:
    module, size = load(name), SIZES.get(name, 32)
    module_blocks = blocks.blocks_of(module)
    for last in (1, -(-len(module_blocks) // 3)):
        changing = blocks.variables_of(module_blocks[-last:])
        cut = find_cut(module, (size, size), changing)
        assert isinstance(cut, Cut), cut
        frozen = {id(module.graph.variables[number]) for number in cut.variables}
        assert not frozen & {id(variable) for variable in changing}
        assert frozen >= {id(v) for v in blocks.variables_of(module_blocks[:-last])}
        compare(module, cut, changing, images(size, size, 3))


@pytest.mark.parametrize(("name", "count"), [("MobileNetV2", 25), ("VisionTransformer", 7)])
def test_without_names_the_blocks_are_the_named_ones_or_parts_of_them(
    name: str, count: int, load: Load, tmp_path: Path
) -> None:
    named = load(name)
    module = backbone.load(save(nameless(named), tmp_path))
    assert {blocks.full_name(variable) for variable in module.variables} == {"Variable"}
    # The copies stand in the order of the originals.
    originals = zip(module.variables, named.graph.variables, strict=True)
    original = {id(copy): id(variable) for copy, variable in originals}
    home = {
        id(variable): number
        for number, block in enumerate(blocks.blocks_of(named))
        for variable in block.variables
    }
    module_blocks = blocks.blocks_of(module)
    assert blocks.names(module_blocks) == numbered("block_", count)
    homes = [{home[original[id(v)]] for v in block.variables} for block in module_blocks]
    assert all(len(numbers_of_block) == 1 for numbers_of_block in homes)
    numbers = [number for numbers_of_block in homes for number in numbers_of_block]
    assert numbers == sorted(numbers)
    assert sum(block.batch_norm for block in module_blocks) == KNOWN[name][1]
    layers = [layer for block in module_blocks for layer in block.layers]
    assert layers == numbered("layer_", len(layers))

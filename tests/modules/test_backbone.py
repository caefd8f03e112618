"""Loading backbones, and the order and grouping of their variables."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from modules import backbone, blocks
from modules.errors import InputError
from modules.read_order import read_depths
from tests.conftest import GLYPHS
from tests.modules.backbones import SIZE, reusable, reversed_order, save


@pytest.fixture(scope="module")
def glyphs() -> backbone.Backbone:
    return backbone.load(str(GLYPHS))


def test_the_backbone_that_ships_says_what_it_takes_and_gives(glyphs: backbone.Backbone) -> None:
    assert (glyphs.height, glyphs.width, glyphs.channels) == (32, 32, 3)
    assert (glyphs.output_dim, glyphs.has_training) == (96, True)
    assert len(glyphs.trainable) == 15
    assert len(glyphs.variables) == 25


def test_its_blocks_come_in_the_order_of_the_data(glyphs: backbone.Backbone) -> None:
    found = blocks.blocks_of(glyphs)
    assert blocks.names(found) == ["stem", "block_1", "block_2", "block_3", "block_4"]
    assert [block.batch_norm for block in found] == [1] * 5
    assert sum(block.parameters for block in found) == 102_320


def test_mobilenets_blocks_hold_every_trainable_variable_once(shared: Path) -> None:
    module = backbone.load(str(shared / "backbones" / "mobilenet_v1_025_224"))
    found = blocks.blocks_of(module)
    assert blocks.names(found) == ["conv1", *(f"conv_{i}" for i in range(1, 14))]
    assert len(blocks.variables_of(found)) == len(module.trainable) == 81
    assert sum(block.parameters for block in found) == 213_072
    assert sum(block.batch_norm for block in found) == 27


def test_variables_are_ordered_by_the_graph_not_by_how_they_are_tracked(tmp_path: Path) -> None:
    module = backbone.load(save(reversed_order(), tmp_path))
    assert not module.has_training
    found = blocks.blocks_of(module)
    assert [block.variable_names for block in found] == [["aa/kernel"], ["zz/kernel"]]


def test_depth_is_that_of_the_first_use_and_none_for_a_variable_never_read() -> None:
    early, late, unread = (tf.Variable(tf.ones((3,))) for _ in range(3))
    spec = tf.TensorSpec((None, 3), tf.float32)
    depths = read_depths(
        lambda x: tf.nn.relu(tf.nn.relu(x + early)) * late + early, spec, [late, unread, early]
    )
    assert depths[1] is None
    assert depths[0] is not None
    assert depths[2] is not None
    assert depths[2] < depths[0]


def test_a_variable_computed_from_others_counts_where_it_meets_the_image() -> None:
    first, scale = tf.Variable(tf.ones((3,))), tf.Variable(1.0)
    spec = tf.TensorSpec((None, 3), tf.float32)
    depths = read_depths(lambda x: tf.nn.relu(x) * (first * scale), spec, [scale, first])
    assert depths[0] == depths[1]


@pytest.mark.parametrize(
    ("variable", "block"),
    [
        ("conv_pw_13_bn/gamma", "conv_13"),
        ("conv_dw_2/depthwise_kernel", "conv_2"),
        ("block_4_expand/kernel", "block_4"),
        ("expanded_conv_16/project/kernel", "expanded_conv_16"),
        ("conv5_block3_2_conv/kernel", "conv5_block3"),
        ("block2a_expand_conv/kernel", "block2a"),
        ("conv4_block24_1_bn/gamma", "conv4_block24"),
        ("MobilenetV1/Conv2d_13_pointwise/weights", "conv_13"),
        ("stage3/unit_2/conv1/kernel", "stage3/unit_2"),
        (
            "resnet_v2_50/block4/unit_3/bottleneck_v2/conv3/weights",
            "block4/unit_3",
        ),
        ("Transformer/encoderblock_11/LayerNorm_0/scale", "encoderblock_11"),
        ("stem_conv/kernel", "stem"),
        ("stem_bn/gamma", "stem"),
    ],
)
def test_a_variables_name_tells_its_block(variable: str, block: str) -> None:
    assert blocks.block_name(variable) == block


def test_a_handle_that_loads_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"backbone\.handle: could not load .*nowhere"):
        backbone.load(str(tmp_path / "nowhere"))


def test_a_module_that_cannot_be_called_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    with pytest.raises(InputError, match=r"no reusable TF2 SavedModel"):
        backbone.load(save(module, tmp_path))


@pytest.mark.parametrize(
    "forward",
    [
        lambda images: images,
        lambda images: {"a": tf.reduce_mean(images, [1, 2])},
        lambda images: tf.reduce_mean(images, [1, 2, 3]),
        lambda images: (tf.reduce_mean(images, [1, 2]), images),
    ],
)
def test_a_module_that_gives_no_vector_is_refused(
    tmp_path: Path, forward: Callable[[tf.Tensor], tf.Tensor]
) -> None:
    module = reusable(forward, [tf.Variable(1.0)])
    with pytest.raises(InputError, match=r"not a vector for each image"):
        backbone.load(save(module, tmp_path))


def test_a_vector_of_rank_4_is_taken_as_one_of_rank_2(tmp_path: Path) -> None:
    scale = tf.Variable(2.0, name="scale")
    module = reusable(lambda x: tf.reduce_mean(x, [1, 2], keepdims=True) * scale, [scale])
    found = backbone.load(save(module, tmp_path))
    assert found.output_dim == 3
    assert found.forward(tf.ones((2, SIZE, SIZE, 3))).numpy().tolist() == [[2.0] * 3] * 2


def test_an_image_size_that_the_module_does_not_take_is_refused(
    glyphs: backbone.Backbone,
) -> None:
    assert glyphs.image_size(None) == glyphs.image_size((32, 32)) == (32, 32)
    with pytest.raises(InputError, match=r"image_size: got \[64, 32\].* takes 32 x 32"):
        glyphs.image_size((64, 32))

"""Blocks of whole modules: what is in them, and how the graph makes them."""

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tf_keras

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.modules.small_modules import SIZE, inference, nameless, reusable, reversed_order, save


@pytest.fixture(scope="module")
def glyphs() -> backbone.Backbone:
    return backbone.load(str(GLYPHS))


def test_its_blocks_come_in_the_order_of_the_data(glyphs: backbone.Backbone) -> None:
    module_blocks = blocks.blocks_of(glyphs)
    assert blocks.names(module_blocks) == ["stem", "block_1", "block_2", "block_3", "block_4"]
    assert [block.batch_norm for block in module_blocks] == [1] * 5
    assert sum(block.parameters for block in module_blocks) == 102_320


def test_mobilenets_blocks_hold_every_trainable_variable_once(shared: Path) -> None:
    module = backbone.load(str(shared / "backbones" / "mobilenet_v1_025_224"))
    module_blocks = blocks.blocks_of(module)
    assert blocks.names(module_blocks) == ["conv1", *(f"conv_{i}" for i in range(1, 14))]
    assert len(blocks.variables_of(module_blocks)) == len(module.trainable) == 81
    assert sum(block.parameters for block in module_blocks) == 213_072
    assert sum(block.batch_norm for block in module_blocks) == 27


def test_variables_are_ordered_by_the_graph_not_by_how_they_are_tracked(tmp_path: Path) -> None:
    module = backbone.load(save(reversed_order(), tmp_path))
    assert not module.has_training
    module_blocks = blocks.blocks_of(module)
    assert [block.variable_names for block in module_blocks] == [["aa/kernel"], ["zz/kernel"]]


def test_a_pattern_that_matches_no_name_is_refused(glyphs: backbone.Backbone) -> None:
    with pytest.raises(
        InputError,
        match=r"^backbone\.blocks: 'blok_2' matches no variable's name; thaw inspect shows "
        r"them, 'block_2_.*' for example$",
    ):
        blocks.blocks_of(glyphs, ["stem", "blok_2"])


def test_patterns_name_the_blocks_of_a_backbone(glyphs: backbone.Backbone) -> None:
    module_blocks = blocks.blocks_of(glyphs, ["^(stem|block_1)", "block_[23]"])
    assert blocks.names(module_blocks) == ["stem", "block_1", "block_2", "block_3", "block_4"]
    module_blocks = blocks.blocks_of(glyphs, ["_(conv)/", "_(bn)/"])
    assert blocks.names(module_blocks) == ["conv", "bn"]


def test_a_block_lists_layers_affine_variables_and_statistics(glyphs: backbone.Backbone) -> None:
    stem, *_ = blocks.blocks_of(glyphs)
    assert stem.layers == ("stem_conv", "stem_bn")
    assert stem.variable_names == ["stem_conv/kernel", "stem_bn/gamma", "stem_bn/beta"]
    assert [blocks.full_name(v) for v in stem.affine] == ["stem_bn/gamma", "stem_bn/beta"]
    assert [blocks.full_name(v) for v in stem.statistics] == [
        "stem_bn/moving_mean",
        "stem_bn/moving_variance",
    ]


def test_without_names_the_graph_shows_what_belongs_to_batch_norm(
    glyphs: backbone.Backbone, tmp_path: Path
) -> None:
    module_blocks = blocks.blocks_of(backbone.load(save(nameless(glyphs), tmp_path)))
    named = blocks.blocks_of(glyphs)
    assert blocks.names(module_blocks) == [f"block_{i}" for i in range(1, 6)]
    for block, named_block in zip(module_blocks, named, strict=True):
        assert block.parameters == named_block.parameters
        assert (block.batch_norm, len(block.affine), len(block.statistics)) == (1, 2, 2)


def normalised(normalisation: Any) -> Any:
    images = tf_keras.Input((SIZE, SIZE, 3))
    hidden = tf_keras.layers.GlobalAveragePooling2D()(images)
    hidden = tf_keras.layers.Dense(4, name="hidden")(hidden)
    return inference(tf_keras.Model(images, normalisation(hidden)))


def test_batch_norm_of_single_operations_is_recognised_by_its_names(tmp_path: Path) -> None:
    layer = tf_keras.layers.BatchNormalization(name="norm")
    (block,) = blocks.blocks_of(backbone.load(save(normalised(layer), tmp_path)))
    assert block.batch_norm == 1
    assert [v.name for v in block.affine] == ["norm/gamma:0", "norm/beta:0"]
    assert {v.name for v in block.statistics} == {"norm/moving_mean:0", "norm/moving_variance:0"}


def test_layer_norm_is_no_batch_norm(tmp_path: Path) -> None:
    layer = tf_keras.layers.LayerNormalization(name="norm")
    (block,) = blocks.blocks_of(backbone.load(save(normalised(layer), tmp_path)))
    assert (block.batch_norm, block.affine, block.statistics) == (0, (), ())
    assert len(block.variables) == 4


def test_only_trainable_variables_are_in_blocks_but_all_statistics(tmp_path: Path) -> None:
    whole = backbone.load(str(GLYPHS))
    some = [v for v in whole.trainable if "block_2" in v.name or "block_4_conv" in v.name]
    module = reusable(
        whole.forward, whole.variables, some, tf.TensorSpec((None, 32, 32, 3), tf.float32)
    )
    loaded = backbone.load(save(module, tmp_path))
    parts = blocks.blocks_of(loaded)
    assert blocks.names(parts) == ["block_2", "block_4"]
    assert [len(block.variables) for block in parts] == [3, 1]
    assert [len(block.affine) for block in parts] == [2, 0]
    assert [len(block.statistics) for block in parts] == [2, 2]


def automatic(layers: Any) -> Any:
    """Inception-like, all names made up: a stem, two blocks of branches, the second pre-activated.

    ``layers`` is called before, so that numbers do not start at 0.
    """
    images = tf_keras.Input((SIZE, SIZE, 3))
    layers.Conv2D(1, 1)(images)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(images))
    branches = [layers.Conv2D(4, k, padding="same")(x) for k in (1, 3)]
    x = layers.Concatenate()([tf.nn.relu(layers.BatchNormalization()(b)) for b in branches])
    normed = layers.BatchNormalization()(x)
    x = x + layers.Conv2D(8, 1)(layers.Conv2D(8, 1)(normed))
    return tf_keras.Model(images, layers.GlobalAveragePooling2D()(x))


def test_automatic_names_are_grouped_by_where_branches_meet(tmp_path: Path) -> None:
    module_blocks = blocks.blocks_of(
        backbone.load(save(inference(automatic(tf_keras.layers)), tmp_path))
    )
    assert blocks.names(module_blocks) == ["block_1", "block_2", "block_3"]
    assert [block.batch_norm for block in module_blocks] == [1, 2, 1]
    assert [len(block.layers) for block in module_blocks] == [2, 4, 3]
    assert module_blocks[2].layers[0].startswith("batch_normalization")

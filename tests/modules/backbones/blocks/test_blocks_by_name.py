"""Blocks by names and by configured patterns, on names alone."""

import pytest

from modules.backbones.blocks.grouping import Item, group
from modules.backbones.graph.variable_names import block_name


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
        ("efficientnet-b0/blocks_12/tpu_batch_normalization_2/gamma", "blocks_12"),
        ("block4a_se_reduce/bias", "block4a"),
        ("convnext_tiny_stage_2_block_5_layer_scale/gamma", "stage_2_block_5"),
        ("regnetx002_Stage_0_XBlock_0_skip_1x1/kernel", "Stage_0_XBlock_0"),
        ("BlockGroup2__block_0__projection_conv/kernel", "BlockGroup2__block_0"),
        ("resnet/block1/unit01/a/standardized_conv2d/kernel", "block1/unit01"),
        ("swin/layers.0/blocks.1/attn/qkv/kernel", "layers.0/blocks.1"),
        ("layer3.5.conv1.weight", "layer3.5"),
        ("vit/encoder/layer_._5/attention/query/kernel", "layer_._5"),
        ("encoderblock_7/MlpBlock_3/Dense_0/kernel", "encoderblock_7"),
        ("InceptionV1/Mixed_3b/Branch_0/Conv2d_0a_1x1/weights", "Mixed_3b"),
        ("block35_7_conv/kernel", "block35_7"),
        ("res2a_branch2b/kernel", "res2a"),
        ("bn2a_branch2b/gamma", "res2a"),
        ("pool3_bn/gamma", "pool3"),
        ("expanded_conv_depthwise_BN/gamma", "expanded_conv"),
        ("layer_normalization_4/gamma", "layer_normalization_4"),
        ("keras_layer_1/stem/kernel", "keras_layer_1/stem"),
        ("stem_conv/kernel", "stem"),
        ("stem_bn/gamma", "stem"),
    ],
)
def test_a_variables_name_determines_its_block(variable: str, block: str) -> None:
    assert block_name(variable) == block


def grouped(rows: str, patterns: list[str] | None = None) -> dict[str, list[str]]:
    """Blocks of variables that are written as ``number of the graph's block, name``."""
    items = []
    for depth, row in enumerate(rows.split()):
        number, name = row.split(",")
        weight = name.endswith(("kernel", "weights", "Variable"))
        items.append(Item(name, int(number), weight, depth))
    return {name: [items[i].name for i in members] for name, members in group(items, patterns)}


def test_a_normalisation_belongs_to_its_block_in_the_graph_whatever_its_number() -> None:
    groups = grouped(
        "0,conv2d/kernel 0,batch_normalization_5/gamma 1,conv2d_1/kernel "
        "1,batch_normalization/gamma 2,conv2d_2/kernel 2,batch_normalization_1/gamma"
    )
    assert groups == {
        "block_1": ["conv2d/kernel", "batch_normalization_5/gamma"],
        "block_2": ["conv2d_1/kernel", "batch_normalization/gamma"],
        "block_3": ["conv2d_2/kernel", "batch_normalization_1/gamma"],
    }


def test_generated_names_join_the_named_block_around_them() -> None:
    groups = grouped(
        "0,stem/kernel 1,block2_sepconv/kernel 1,conv2d_4/kernel 1,block2_bn/gamma "
        "2,conv2d_5/kernel 2,batch_normalization_5/gamma 3,block3_sepconv/kernel 3,post_bn/gamma"
    )
    assert list(groups) == ["stem", "block2", "conv2d_5", "block3"]
    assert groups["block2"][1] == "conv2d_4/kernel"
    assert groups["block3"][-1] == "post_bn/gamma"


def test_generated_names_in_a_named_folder_belong_to_the_folders_block() -> None:
    groups = grouped(
        "0,net/stem/conv2d/kernel 0,net/stem/batch_normalization/gamma "
        "1,net/blocks_0/conv2d/kernel 1,net/blocks_0/batch_normalization_1/gamma "
        "2,net/blocks_1/conv2d_1/kernel 3,net/head/conv2d_7/kernel"
    )
    assert list(groups) == ["stem", "blocks_0", "blocks_1", "head"]


def test_a_folder_of_many_layers_with_generated_names_is_no_block() -> None:
    rows = "0,net/a/dense/kernel 1,net/a/dense_1/kernel 2,net/neck/dense_2/kernel 3,net/top/kernel"
    assert list(grouped(rows)) == ["net/a/dense", "net/a/dense_1", "neck", "top"]


def test_the_first_of_a_kind_needs_no_number() -> None:
    groups = grouped(
        "0,net/bottleneck_block/conv2d/kernel 1,net/bottleneck_block/conv2d_1/kernel "
        "2,net/bottleneck_block_1/conv2d_2/kernel"
    )
    assert list(groups) == ["bottleneck_block", "bottleneck_block_1"]


def test_one_number_for_all_variables_means_nothing() -> None:
    assert list(grouped("0,layer_1_a/kernel 1,layer_1_b/kernel")) == ["block_1", "block_2"]


def test_names_without_a_layer_mean_nothing() -> None:
    groups = grouped("0,Variable 0,Variable 1,Variable")
    assert groups == {"block_1": ["Variable"] * 2, "block_2": ["Variable"]}


def test_two_towers_keep_their_blocks_apart() -> None:
    groups = grouped("0,rgb/block_1/kernel 0,flow/block_1/kernel 1,rgb/block_2/kernel")
    assert list(groups) == ["rgb/block_1", "flow/block_1", "block_2"]


def test_patterns_take_precedence_and_the_built_in_rules_group_the_rest() -> None:
    rows = "0,stem/kernel 1,block_1_a/kernel 1,block_1_bn/gamma 2,block_2_a/kernel 3,x/top/kernel"
    assert list(grouped(rows)) == ["stem", "block_1", "block_2", "x/top"]
    assert list(grouped(rows, ["block"])) == ["stem", "block", "x/top"]
    assert list(grouped(rows, ["(block_1)_bn", "block_1", "(?:x/)(t)op"])) == [
        "stem",
        "block_1",
        "block_2",
        "t",
    ]

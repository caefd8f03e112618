"""An export is complete, and is itself a backbone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

from modules import model_layout
from modules.backbones import backbone, reusable
from modules.backbones.blocks import blocks
from modules.backbones.loading import origin
from modules.backbones.loading.origin import Origin
from modules.errors import InputError
from tests.conftest import GLYPHS, PROJECT
from tests.modules.small_modules import ANY_SIZE, SIZE, nameless, save, save_with_table
from tests.modules.small_modules import reusable as small

IMAGES = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (1, 2))


def carried(original: backbone.Backbone, folder: Path) -> str:
    """Saves what a backbone is carried in, with a signature as an export has."""
    target = tf.train.Checkpoint()
    reusable.carry(original, target)
    spec = tf.TensorSpec((None, original.height or SIZE, original.width or SIZE, 3), tf.float32)
    serve = tf.function(lambda images: {"out": original.forward(images)}, input_signature=[spec])
    tf.saved_model.save(target, str(folder), signatures={"serving_default": serve})
    return str(folder)


ELSEWHERE = """
import json, sys
import tensorflow as tf
images = tf.ones((1, 8, 8, 3))
answers = []
for folder in sys.argv[1:]:
    module = tf.saved_model.load(folder)
    answers.append(module(images).numpy().tolist())
    answers.append(module.signatures["serving_default"](images)["out"].numpy().tolist())
print(json.dumps(answers))
"""


def with_growing_table(folder: Path) -> str:
    """A module that looks a word up in a table that was filled after it was made."""
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(tf.constant(["c"]), tf.constant([2], tf.int64))
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")

    def forward(images: tf.Tensor) -> tf.Tensor:
        number = tf.cast(table.lookup(tf.constant("c")), tf.float32)
        return tf.reduce_mean(images, [1, 2]) @ kernel + number

    module = small(forward, [kernel])
    module.table = table
    return save(module, folder)


def test_lookup_tables_and_files_go_with_an_export_to_wherever_it_is_loaded(tmp_path: Path) -> None:
    """In a new process, from another folder, when the modules are gone."""
    here, there = tmp_path / "here", tmp_path / "there"
    modules = [save_with_table(here / "one"), with_growing_table(here / "two")]
    for handle in modules:
        loaded = backbone.load(handle)
        assert loaded.forward(tf.ones((1, SIZE, SIZE, 3))).numpy().tolist() == [[5.0] * 4]
        carried(loaded, here / "exports" / Path(handle).name)
    shutil.move(here / "exports", there)
    shutil.rmtree(here)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(there / "one"), str(there / "two")],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(done.stdout) == [[[5.0] * 4]] * 4


def test_a_resource_that_is_read_but_not_tracked_is_refused_before_any_image_is_read() -> None:
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1], tf.int64)), -1
    )
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")

    class Untracked:
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            shift = tf.cast(table.lookup(tf.constant("a")), tf.float32)
            return tf.reduce_mean(x, [1, 2]) @ kernel + shift

    holder = tf.train.Checkpoint(kernel=kernel)
    holder.__class__ = type("Holder", (tf.train.Checkpoint,), {"__call__": Untracked.__call__})
    result = backbone.Backbone(
        handle="m",
        module=holder,
        height=SIZE,
        width=SIZE,
        channels=3,
        output_dim=4,
        entry="",
        has_training=False,
        variables=[kernel],
        trainable=[kernel],
        regularization_losses=[],
        sha256="0" * 64,
    )
    with pytest.raises(InputError, match=r"m reads a resource that the module does not track"):
        reusable.check_can_be_saved(result)


def test_an_export_is_the_backbone_again_with_its_blocks_and_its_batch_norm(tmp_path: Path) -> None:
    loaded = backbone.load(str(GLYPHS))
    for variable in loaded.variables:  # As training would.
        variable.assign(variable + 0.01)
    again = backbone.load(carried(loaded, tmp_path / "export"))
    images = tf.random.stateless_uniform((3, 32, 32, 3), (1, 2))
    np.testing.assert_allclose(again.forward(images), loaded.forward(images), atol=1e-6)
    assert (again.height, again.width, again.output_dim) == (32, 32, 96)

    def shown(module: backbone.Backbone) -> list[Any]:
        return [
            (part.name, part.layers, part.variable_names, part.batch_norm, len(part.statistics))
            for part in blocks.blocks_of(module)
        ]

    assert shown(again) == shown(loaded)
    assert [v.name for v in again.variables] == [v.name for v in loaded.variables]
    assert len(again.trainable) == len(loaded.trainable)
    third = backbone.load(carried(again, tmp_path / "third"))
    assert shown(third) == shown(loaded)


def test_an_export_of_meaningless_names_has_the_same_blocks_from_the_graph(tmp_path: Path) -> None:
    original = backbone.load(save(nameless(backbone.load(str(GLYPHS))), tmp_path / "nameless"))
    again = backbone.load(carried(original, tmp_path / "export"))
    expected = [(part.name, part.parameters) for part in blocks.blocks_of(original)]
    assert [(part.name, part.parameters) for part in blocks.blocks_of(again)] == expected


def test_an_export_is_a_reusable_module_for_other_programs_too(tmp_path: Path) -> None:
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")
    fixed = tf.Variable(tf.ones((4,)), name="dense/shift", trainable=False)
    module = small(lambda x: tf.reduce_mean(x, [1, 2]) @ kernel + fixed, [kernel, fixed], [kernel])
    module.regularization_losses = [
        tf.function(lambda: 0.5 * tf.reduce_sum(kernel**2), input_signature=[])
    ]
    original = backbone.load(save(module, tmp_path / "module"))
    loaded = hub.load(carried(original, tmp_path / "export"))
    np.testing.assert_allclose(loaded(IMAGES), original.forward(IMAGES), rtol=1e-6)
    assert [v.name for v in loaded.variables] == ["dense/kernel:0", "dense/shift:0"]
    assert [v.name for v in loaded.trainable_variables] == ["dense/kernel:0"]
    assert [float(loss()) for loss in loaded.regularization_losses] == [6.0]


def test_an_export_keeps_a_free_image_size_and_variables_that_the_module_does_not_list(
    tmp_path: Path,
) -> None:
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")
    hidden = tf.Variable(tf.ones((4,)), name="shift")
    module = small(lambda x: tf.reduce_mean(x, [1, 2]) @ kernel + hidden, [kernel], spec=ANY_SIZE)
    module.other = hidden
    again = backbone.load(carried(backbone.load(save(module, tmp_path / "m")), tmp_path / "export"))
    assert (again.height, again.width) == (None, None)
    assert again.forward(tf.ones((1, 5, 7, 3))).numpy().tolist() == [[4.0] * 4]


ORIGIN = Origin(
    handle="https://me:word@host/m?token=secret",
    height=96,
    width=64,
    input_range=(-1.0, 1.0),
    blocks=("block_(\\d+)",),
)


def test_an_export_records_how_its_backbone_was_used_without_secrets(tmp_path: Path) -> None:
    origin.write(ORIGIN, tmp_path)
    record = origin.read("m", str(tmp_path))
    assert record == ORIGIN.model_copy(update={"handle": "https://host/m?…"})
    assert origin.read("m", str(PROJECT)) is None


@pytest.mark.parametrize("text", ["{", '{"handle": "m", "height": -1}', "[]"])
def test_a_record_that_thaw_did_not_write_is_refused(tmp_path: Path, text: str) -> None:
    origin.write(ORIGIN, tmp_path)
    (tmp_path / model_layout.BACKBONE).write_text(text)
    with pytest.raises(InputError, match=r"assets\.extra/backbone\.json of m is not as Thaw"):
        origin.read("m", str(tmp_path))

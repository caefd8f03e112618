"""Where a graph is cut, and that its two parts give the same results as the whole."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.backbones.cut import Cut, at_images, find_cut, frozen_part
from tests.conftest import GLYPHS
from tests.modules.small_modules import SIZE, reusable, save

pytestmark = pytest.mark.kernels

Outcome = tuple[tf.Tensor, list[tf.Tensor]]
Step = Callable[[object], Outcome]
SIDES = (SIZE, SIZE)


def images(height: int = SIZE, width: int = SIZE, count: int = 5) -> tf.Tensor:
    return tf.random.stateless_uniform((count, height, width, 3), (3, 4))


def step(forward: Callable[[tf.Tensor], tf.Tensor], variables: Sequence[tf.Variable]) -> Step:
    """The output and the gradients of its weighted sum, as in a training step."""

    @tf.function(autograph=False)
    def run(batch: object) -> Outcome:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in variables:
                tape.watch(variable)
            output = forward(batch)
            loss = tf.reduce_sum(output * tf.linspace(-1.0, 1.0, output.shape[1]))
        return output, tape.gradient(loss, variables, unconnected_gradients="zero")

    return run  # type: ignore[no-any-return]


def compare(
    module: backbone.Backbone, cut: Cut, changing: Sequence[tf.Variable], batch: tf.Tensor
) -> None:
    """Cut, and whole: the same output and the same gradients, to rounding."""
    (crossing,) = frozen_part([cut])(batch)
    for tensor, row in zip(crossing, cut.rows, strict=True):
        assert tensor.shape == (batch.shape[0], *row.shape)
    rest = cut.rest()
    output, gradients = step(lambda tensors: rest(tensors)[0], changing)(tuple(crossing))
    expected, own_gradients = step(module.forward, changing)(batch)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    for gradient, own_gradient in zip(gradients, own_gradients, strict=True):
        scale = float(tf.reduce_max(tf.abs(own_gradient))) + 1e-6
        np.testing.assert_allclose(gradient / scale, own_gradient / scale, atol=1e-4)


def load(module: object, folder: Path) -> backbone.Backbone:
    return backbone.load(save(module, folder))


def variables(module: backbone.Backbone, *names: str) -> list[tf.Variable]:
    return [v for v in module.variables if blocks.full_name(v) in names]


@pytest.mark.parametrize("last", [1, 2, 3])
def test_the_backbone_that_ships_is_cut_before_the_first_unfrozen_block(last: int) -> None:
    module = backbone.load(str(GLYPHS))
    changing = blocks.variables_of(blocks.blocks_of(module)[-last:])
    cut = find_cut(module, (32, 32), changing)
    assert isinstance(cut, Cut)
    (row,) = cut.rows
    assert row.shape.rank == 3
    assert len(cut.variables) == 25 - 5 * last
    compare(module, cut, changing, images(32, 32))


def test_with_everything_frozen_the_embeddings_cross() -> None:
    module = backbone.load(str(GLYPHS))
    cut = find_cut(module, (32, 32), [])
    assert isinstance(cut, Cut)
    assert cut.at_end
    ((embeddings,),) = frozen_part([cut])(images(32, 32))
    np.testing.assert_allclose(embeddings, module.forward(images(32, 32)), rtol=1e-4, atol=1e-5)


def test_if_the_first_layer_changes_there_is_nothing_to_cache() -> None:
    module = backbone.load(str(GLYPHS))
    assert find_cut(module, (32, 32), module.trainable) == "the first layer is among what changes"


def test_one_pass_serves_several_cuts() -> None:
    module = backbone.load(str(GLYPHS))
    parts = blocks.blocks_of(module)
    cuts = [find_cut(module, (32, 32), blocks.variables_of(parts[n:])) for n in (3, 4, 5)]
    good = [cut for cut in cuts if isinstance(cut, Cut)]
    assert len(good) == 3
    together = frozen_part(good)(images(32, 32))
    for cut, tensors in zip(good, together, strict=True):
        (alone,) = frozen_part([cut])(images(32, 32))
        for tensor, tensor_alone in zip(tensors, alone, strict=True):
            np.testing.assert_allclose(tensor, tensor_alone, rtol=1e-6, atol=1e-6)


def dense(name: str, rows: int, columns: int) -> tf.Variable:
    values = tf.random.stateless_normal((rows, columns), (rows, columns))
    return tf.Variable(values, name=f"{name}/kernel")


def test_residual_connections_cross_the_cut_too(tmp_path: Path) -> None:
    first, second, third = dense("a", 3, 4), dense("b", 4, 4), dense("c", 4, 4)

    def forward(batch: tf.Tensor) -> tf.Tensor:
        start = tf.reduce_mean(batch, [1, 2]) @ first
        hidden = tf.nn.relu(start @ second)
        return tf.nn.relu(hidden @ third) + tf.tanh(start)

    module = load(reusable(forward, [first, second, third]), tmp_path)
    changing = variables(module, "c/kernel")
    cut = find_cut(module, SIDES, changing)
    assert isinstance(cut, Cut)
    assert [row.shape for row in cut.rows] == [(4,), (4,)]
    compare(module, cut, changing, images())


def test_a_batch_that_is_folded_into_another_dimension_is_cut_before_the_fold(
    tmp_path: Path,
) -> None:
    first, second = dense("a", 3, 4), dense("b", 4, 4)

    def forward(batch: tf.Tensor) -> tf.Tensor:
        pixels = tf.nn.relu(tf.reshape(tf.tensordot(batch, first, 1), (-1, 4)))
        back = tf.reshape(pixels @ second, (-1, SIZE, SIZE, 4))
        return tf.reduce_mean(back, [1, 2])

    module = load(reusable(forward, [first, second]), tmp_path)
    changing = variables(module, "b/kernel")
    cut = find_cut(module, SIDES, changing)
    assert isinstance(cut, Cut)
    assert [row.shape for row in cut.rows] == [(SIZE, SIZE, 4)]
    compare(module, cut, changing, images())


def test_the_shape_of_a_frozen_tensor_is_known_without_computing_it(tmp_path: Path) -> None:
    first, second = dense("a", 3, 4), dense("b", 4, 4)

    def forward(batch: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(batch)  # of the images, which do not cross
        start = tf.nn.relu(tf.reduce_mean(batch, [1, 2]) @ first)
        token = tf.broadcast_to(tf.reduce_sum(second, 0), (shape[0], 4))
        return start @ second + token

    module = load(reusable(forward, [first, second]), tmp_path)
    changing = variables(module, "b/kernel")
    cut = find_cut(module, SIDES, changing)
    assert isinstance(cut, Cut)
    assert [row.shape for row in cut.rows] == [(4,)]
    assert list(cut.shapes.values()) == [(None, SIZE, SIZE, 3)]
    compare(module, cut, changing, images())


def test_padding_is_computed_again_and_not_cached(tmp_path: Path) -> None:
    first = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (1, 2)), name="a/kernel")
    second = tf.Variable(tf.random.stateless_normal((3, 3, 4, 4), (3, 4)), name="b/kernel")

    def forward(batch: tf.Tensor) -> tf.Tensor:
        outputs = tf.nn.relu(tf.nn.conv2d(batch, first, 2, "SAME"))
        padded = tf.pad(outputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return tf.reduce_mean(tf.nn.conv2d(padded, second, 1, "VALID"), [1, 2])

    module = load(reusable(forward, [first, second]), tmp_path)
    changing = variables(module, "b/kernel")
    cut = find_cut(module, SIDES, changing)
    assert isinstance(cut, Cut)
    assert [row.shape for row in cut.rows] == [(SIZE // 2, SIZE // 2, 4)]
    compare(module, cut, changing, images())


def test_loops_and_branches_may_lie_on_either_side_of_the_cut(tmp_path: Path) -> None:
    first, second = dense("a", 3, 3), dense("b", 3, 3)

    def looped(values: tf.Tensor, kernel: tf.Variable) -> tf.Tensor:
        return tf.while_loop(
            lambda i, _: i < 3, lambda i, y: (i + 1, tf.tanh(y @ kernel)), (0, values)
        )[1]

    def forward(batch: tf.Tensor) -> tf.Tensor:
        frozen = looped(tf.reduce_mean(batch, [1, 2]), first)
        return tf.cond(
            tf.reduce_sum(second) > 100.0, lambda: frozen, lambda: looped(frozen, second)
        )

    module = load(reusable(forward, [first, second]), tmp_path)
    changing = variables(module, "b/kernel")
    cut = find_cut(module, SIDES, changing)
    assert isinstance(cut, Cut)
    assert [row.shape for row in cut.rows] == [(3,)]
    compare(module, cut, changing, images())


def test_a_module_that_starts_with_what_changes_has_nothing_before_it(tmp_path: Path) -> None:
    kernel = dense("a", 3, 4)
    scaled = reusable(lambda batch: tf.reduce_mean(batch * 2.0 - 1.0, [1, 2]) @ kernel, [kernel])
    module = load(scaled, tmp_path)
    reason = find_cut(module, SIDES, module.trainable)
    assert reason == "nothing of the backbone lies before the first variable that changes"


def test_the_cut_before_everything_is_at_the_images() -> None:
    module = backbone.load(str(GLYPHS))
    compare(module, at_images(module.graph, (32, 32)), module.trainable, images(32, 32))

"""Flat graphs: what is inlined, what is kept, and where variables are first read."""

from collections.abc import Callable

import tensorflow as tf

from modules.backbones.graph.flat_graph import FlatGraph, flatten
from modules.backbones.graph.graph_import import imported
from modules.backbones.graph.read_order import read_depths

VECTORS = tf.TensorSpec((None, 3), tf.float32)


def ops(graph: FlatGraph) -> list[str]:
    return [node.op for node in graph.nodes]


def rerun(graph: FlatGraph, values: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """What the graph gives, and its gradients, when it is put into another function."""
    run = tf.function(
        lambda x: imported(graph, {graph.images: x}, [graph.result])[0], autograph=False
    )
    with tf.GradientTape() as tape:
        result = run(values)
    return result, tape.gradient(result, graph.variables)


def compare(forward: Callable[[tf.Tensor], tf.Tensor], graph: FlatGraph) -> None:
    """The flat graph gives what the function gives, and the same gradients."""
    values = tf.constant([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])
    with tf.GradientTape() as tape:
        expected = forward(values)
    gradients = tape.gradient(expected, graph.variables)
    actual, own_gradients = rerun(graph, values)
    tf.debugging.assert_near(actual, expected)
    for own_gradient, gradient in zip(own_gradients, gradients, strict=True):
        tf.debugging.assert_near(tf.convert_to_tensor(own_gradient), tf.convert_to_tensor(gradient))


def test_nested_functions_become_one_graph_with_the_same_results() -> None:
    scale, shift = tf.Variable([1.0, 2.0, 3.0]), tf.Variable(0.5)

    @tf.function
    def inner(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        first, second, third = tf.split(x * scale, 3, axis=1)
        return tf.concat([third, first], 1), second

    @tf.function
    def outer(x: tf.Tensor) -> tf.Tensor:
        pair, second = inner(x)
        again, _ = inner(x + shift)
        return tf.concat([second, pair], 1) * tf.reduce_sum(again)

    graph = flatten(outer, VECTORS, [scale, shift])
    assert not any("Call" in op for op in ops(graph))
    assert sorted(set(graph.reads.values())) == [0, 1]
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    compare(outer, graph)


def test_branches_and_loops_stay_single_operations() -> None:
    scale = tf.Variable(2.0)

    @tf.function(autograph=False)
    def forward(x: tf.Tensor) -> tf.Tensor:
        x = tf.cond(tf.reduce_sum(x) > 0, lambda: x * scale, lambda: x - scale)
        return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * scale), (0, x))[1]

    graph = flatten(forward, VECTORS, [scale])
    assert {"If", "StatelessIf"} & set(ops(graph))
    assert {"While", "StatelessWhile"} & set(ops(graph))
    compare(forward, graph)


def test_side_effects_are_left_out_and_outer_constants_are_kept() -> None:
    counter, table = tf.Variable(0), tf.constant([1.0, 2.0, 3.0])

    @tf.function
    def forward(x: tf.Tensor) -> tf.Tensor:
        counter.assign_add(1)
        tf.debugging.assert_all_finite(x, "finite")
        return x * table

    graph = flatten(forward, VECTORS)
    assert "AssignAddVariableOp" not in ops(graph)
    assert not graph.handles
    (constant,) = graph.constants.values()
    assert constant is table


def test_a_function_that_must_be_compiled_stays_a_call_with_a_gradient() -> None:
    kernel = tf.Variable(tf.random.stateless_normal((3, 3, 1, 4), (1, 2)))

    @tf.function(jit_compile=True)
    def grouped(x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(tf.nn.conv2d(x, weights, 1, "SAME"))

    @tf.function
    def forward(x: tf.Tensor) -> tf.Tensor:
        return grouped(tf.reshape(tf.tile(x, [1, 12]), (-1, 3, 3, 4)), tf.identity(kernel))

    graph = flatten(forward, VECTORS, [kernel])
    assert sum("Call" in op for op in ops(graph)) == 1
    compare(forward, graph)


def test_a_compiled_function_that_reads_variables_is_inlined() -> None:
    kernel = tf.Variable(tf.ones((3, 2)))
    forward = tf.function(lambda x: x @ kernel, jit_compile=True, autograph=False)
    graph = flatten(forward, VECTORS, [kernel])
    assert "MatMul" in ops(graph)
    compare(forward, graph)


def test_a_custom_gradient_is_replaced_by_the_gradients_of_its_operations() -> None:
    scale = tf.Variable([1.0, 2.0, 3.0])
    forward = tf.function(lambda x: tf.nn.silu(x * scale), autograph=False)
    compare(forward, flatten(forward, VECTORS, [scale]))


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


def test_the_use_of_a_variable_is_where_it_meets_the_image() -> None:
    first, scale = tf.Variable(tf.ones((3,))), tf.Variable(1.0)
    spec = tf.TensorSpec((None, 3), tf.float32)
    depths = read_depths(lambda x: tf.nn.relu(x) * (first * scale), spec, [scale, first])
    assert depths[0] == depths[1]


def test_values_that_depend_only_on_the_images_shape_are_no_data() -> None:
    token, scale = tf.Variable(tf.ones((1, 3))), tf.Variable(2.0)

    def forward(x: tf.Tensor) -> tf.Tensor:
        tokens = tf.broadcast_to(token, (tf.shape(x)[0], 3))
        return tf.concat([tf.nn.relu(x * scale), tokens], 1)

    token_depth, scale_depth = read_depths(forward, VECTORS, [token, scale])
    assert scale_depth == 1
    assert token_depth == 3


def test_a_loop_of_tf1_can_be_followed() -> None:
    tf.compat.v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default() as old:
            x = tf.compat.v1.placeholder(tf.float32, (None, 3), name="x")
            tf.compat.v1.while_loop(
                lambda i, _: i < 3, lambda i, y: (i + 1, y * 2.0), (tf.constant(0), x), name="loop"
            )
    finally:
        tf.compat.v1.enable_control_flow_v2()
    scale = tf.Variable(2.0)

    @tf.function(autograph=False)
    def forward(x: tf.Tensor) -> tf.Tensor:
        inputs = {"x": x * scale}
        return tf.graph_util.import_graph_def(old.as_graph_def(), inputs, ["loop/Exit_1:0"])[0]

    graph = flatten(forward, VECTORS, [scale])
    assert "NextIteration" in ops(graph)
    assert read_depths(forward, VECTORS, [scale]) == [1]

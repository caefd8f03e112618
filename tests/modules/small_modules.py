"""Small modules in Hub's reusable form, written on the spot."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras

from modules.backbones.backbone import Backbone
from modules.backbones.graph.graph_import import imported

SIZE = 8
IMAGES = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)
ANY_SIZE = tf.TensorSpec((None, None, None, 3), tf.float32)


def reusable(
    forward: Callable[[tf.Tensor], tf.Tensor],
    variables: Sequence[tf.Variable],
    trainable: Sequence[tf.Variable] | None = None,
    spec: tf.TensorSpec = IMAGES,
) -> Any:
    """A module whose call has no ``training`` argument."""
    module = tf.train.Checkpoint(
        variables=list(variables),
        trainable_variables=list(variables if trainable is None else trainable),
        regularization_losses=[],
    )
    module.__call__ = tf.function(forward, input_signature=[spec], autograph=False)
    return module


def reversed_order() -> Any:
    """Two dense layers, tracked in the reverse of the order that they are read in.

    A third variable is read by nothing.
    """
    last = tf.Variable(tf.ones((4, 2)), name="zz/kernel")
    first = tf.Variable(tf.ones((SIZE * SIZE * 3, 4)), name="aa/kernel")
    unread = tf.Variable(tf.ones((2,)), name="unread/bias")

    @tf.function
    def inner(flat: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(flat @ first) @ last

    return reusable(
        lambda images: inner(tf.reshape(images, (-1, SIZE * SIZE * 3))), [last, first, unread]
    )


def classifier(
    last: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    *,
    classes: int = 10,
    name: str = "dense",
    root: str = "",
    bias: bool = True,
    convolution: bool = False,
) -> Any:
    """A hidden layer, an affine one called ``name``, and what comes last."""
    hidden = tf.Variable(tf.ones((3, 4)), name=f"{root}hidden/kernel")
    shape = (1, 1, 4, classes) if convolution else (4, classes)
    kernel = tf.Variable(tf.ones(shape), name=f"{root}{name}/kernel")
    shift = tf.Variable(tf.zeros((classes,)), name=f"{root}{name}/bias")

    def forward(images: tf.Tensor) -> tf.Tensor:
        features = tf.nn.relu(tf.reduce_mean(images, [1, 2]) @ hidden)
        if convolution:
            outputs = tf.nn.conv2d(features[:, None, None, :], kernel, 1, "SAME")
        else:
            outputs = features @ kernel
        return last(tf.nn.bias_add(outputs, shift) if bias else outputs)

    return reusable(forward, [hidden, kernel, *([shift] if bias else [])])


def flattening(size: int, keep_batch: bool) -> Any:
    """Takes any size and works at one; at others it fails, or gives several vectors an image."""
    kernel = tf.Variable(tf.ones((size * size * 3, 2)), name="dense/kernel")

    def forward(images: tf.Tensor) -> tf.Tensor:
        count = tf.shape(images)[0] if keep_batch else -1
        return tf.reshape(images, (count, -1 if keep_batch else size * size * 3)) @ kernel

    return reusable(forward, [kernel], spec=ANY_SIZE)


def save_with_table(folder: Path, inner: Backbone | None = None) -> str:
    """Writes a module that looks up a word, of which it adds the line, 2, in a file that it brings.

    The file that it was made of is gone then. To be added to are the features of ``inner``, or four
    of each image's colours.
    """
    words = folder.parent / "words.txt"
    words.parent.mkdir(parents=True, exist_ok=True)
    words.write_text("a\nb\nc\n")
    lines = tf.lookup.TextFileInitializer(
        str(words),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    table = tf.lookup.StaticHashTable(lines, -1)
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")

    def forward(images: tf.Tensor) -> tf.Tensor:
        line = tf.cast(table.lookup(tf.constant("c")), tf.float32)
        return (inner.forward(images) if inner else tf.reduce_mean(images, [1, 2]) @ kernel) + line

    if inner:
        spec = tf.TensorSpec((None, inner.height, inner.width, 3), tf.float32)
        module = reusable(forward, inner.variables, inner.trainable, spec)
        module.inner = inner.module
    else:
        module = reusable(forward, [kernel])
    module.table = table
    handle = save(module, folder)
    words.unlink()
    return handle


def save_tf1(folder: Path) -> str:
    """Writes a module as TF1's Hub did: a graph with a signature, no object with a call."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder(tf.float32, (None, SIZE, SIZE, 3))
        scale = tf.compat.v1.get_variable("scale", (3,), use_resource=False)
        features = tf.reduce_mean(images, [1, 2]) * scale
        session.run(tf.compat.v1.global_variables_initializer())
        signature = tf.compat.v1.saved_model.predict_signature_def(
            {"images": images}, {"default": features}
        )
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [], {"default": signature})
        builder.save()
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")  # format: 3
    return str(folder)


def inference(model: Any) -> Any:
    """A Keras model as a module that knows inference alone; takes a third as long to write."""
    return reusable(
        lambda images: model(images, training=False),
        model.variables,
        model.trainable_variables,
        tf.TensorSpec(model.input_shape, tf.float32),
    )


def application(name: str, size: int) -> Any:
    """A feature vector of ``tf_keras.applications`` with random weights."""
    make = getattr(tf_keras.applications, name)
    return make(weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3))


def vision_transformer(size: int = 32, blocks: int = 3, width: int = 16) -> Any:
    """A small ViT (Dosovitskiy et al. 2021, arXiv:2010.11929) named like the original."""
    layers = tf_keras.layers
    images = tf_keras.Input((size, size, 3))
    tokens = layers.Conv2D(width, 8, strides=8, name="embedding")(images)
    tokens = layers.Reshape((-1, width))(tokens)
    tokens = Positions(name="Transformer/posembed_input")(tokens)
    for number in range(blocks):
        scope = f"Transformer/encoderblock_{number}"
        normed = layers.LayerNormalization(name=f"{scope}/LayerNorm_0")(tokens)
        attention = layers.MultiHeadAttention(2, 8, name=f"{scope}/MultiHeadAttention_1")
        tokens = tokens + attention(normed, normed)
        normed = layers.LayerNormalization(name=f"{scope}/LayerNorm_2")(tokens)
        hidden = layers.Dense(32, "gelu", name=f"{scope}/MlpBlock_3/Dense_0")(normed)
        tokens = tokens + layers.Dense(width, name=f"{scope}/MlpBlock_3/Dense_1")(hidden)
    normed = layers.LayerNormalization(name="Transformer/encoder_norm")(tokens)
    return tf_keras.Model(images, layers.GlobalAveragePooling1D()(normed))


class Positions(tf_keras.layers.Layer):
    """Adds a learned vector for each position."""

    def build(self, shape: tf.TensorShape) -> None:
        self.positions = self.add_weight("pos_embedding", (1, *shape[1:]), initializer="normal")

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        return tokens + self.positions


def nameless(backbone: Backbone) -> Any:
    """The same graph with the same values, in variables that are all called ``Variable``."""
    graph = backbone.graph
    trainable = {id(variable) for variable in backbone.trainable}
    copies = tuple(
        tf.Variable(variable, trainable=id(variable) in trainable, name="Variable")
        for variable in graph.variables
    )
    copied = dataclasses.replace(graph, variables=copies)

    def forward(images: tf.Tensor) -> tf.Tensor:
        return imported(copied, {copied.images: images}, [copied.result])[0]

    spec = tf.TensorSpec((None, backbone.height, backbone.width, 3), tf.float32)
    return reusable(forward, copies, [v for v in copies if v.trainable], spec)


def save(module: Any, folder: Path) -> str:
    """Writes a module; returns the folder as a handle."""
    tf.saved_model.save(module, str(folder))
    return str(folder)

"""Heads: what turns the backbone's features into a score for each class."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from modules import plugins
from modules.errors import InputError
from modules.settings import HeadOptions, LinearHead, MlpHead, PluginOptions
from modules.text import cause

KEY = "finetune.head"


class Head(Protocol):
    """What a head offers; a ``tf.Module`` or a Keras layer does so by itself.

    A head may also have ``dropout_layers``, a sequence of (width, rate). In training the call then
    gets a mask for each of them behind the features: float32 [n, width], 0 where a value is
    dropped and 1 / (1 - rate) elsewhere. Thaw draws the masks, so that training is repeatable, and
    the same however many devices share a batch.
    """

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """All variables, which are saved and exported."""

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        """Those that each stage trains, at least one."""

    def __call__(self, features: tf.Tensor, *masks: tf.Tensor) -> tf.Tensor:
        """Class logits.

        Args:
            features: float32 [n, width of the backbone's output].
            *masks: in training, those of ``dropout_layers``; none otherwise. Nothing else tells
                training from inference, and a call must change no variable.

        Returns:
            float32 [n, classes].
        """


class _Layers(tf.Module):
    """Layers, of which each but the last is followed by ReLU and perhaps dropout.

    The last starts at zero: the untrained model gives every class the same score, and its first
    gradients do not disturb a backbone that trains along. The others start as He et al. 2015
    (arXiv:1502.01852) have it, with the variance 2 / inputs.
    """

    def __init__(self, widths: Sequence[int], dropout: float, seed: int) -> None:
        super().__init__(name="head")
        self.kernels, self.biases = [], []
        self.dropout_layers = [(width, dropout) for width in widths[1:-1]] if dropout else []
        last = len(widths) - 2
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            place = "head" if number == last else f"head/hidden_{number}"
            kernel = tf.zeros((inputs, outputs))
            if number < last:
                normal = tf.random.stateless_normal((inputs, outputs), (seed, number))
                kernel = normal * (2.0 / inputs) ** 0.5
            self.kernels.append(tf.Variable(kernel, name=f"{place}/kernel"))
            self.biases.append(tf.Variable(tf.zeros((outputs,)), name=f"{place}/bias"))

    @property
    def variables(self) -> tuple[tf.Variable, ...]:
        """Kernel and bias of the last layer, then those of the hidden ones."""
        pairs = list(zip(self.kernels, self.biases, strict=True))
        return tuple(variable for pair in (pairs[-1], *pairs[:-1]) for variable in pair)

    @property
    def trainable_variables(self) -> tuple[tf.Variable, ...]:
        """All of them, in the same order; ``tf.Module`` would sort them by name."""
        return self.variables

    def __call__(self, features: tf.Tensor, *masks: tf.Tensor) -> tf.Tensor:
        hidden = features
        for number, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            if number:
                hidden = tf.nn.relu(hidden)
                if masks:
                    hidden *= masks[number - 1]
            hidden = tf.linalg.matmul(hidden, kernel) + bias
        return hidden


def linear(features: int, classes: int, seed: int) -> Head:
    """One linear layer, zero at first."""
    return _Layers((features, classes), 0.0, seed)


def mlp(
    features: int, classes: int, seed: int, hidden_units: Sequence[int], dropout: float
) -> Head:
    """Hidden layers with ReLU, then a linear one that is zero at first."""
    return _Layers((features, *hidden_units, classes), dropout, seed)


HEADS: dict[str, Callable[..., Head]] = {"linear": linear, "mlp": mlp}


def build_head(options: HeadOptions, features: int, classes: int, seed: int) -> Head:
    """A new head.

    Args:
        options: of which kind; a plug-in is called as those in ``HEADS`` are: with ``features``,
            ``classes`` and ``seed``, and its own arguments by name.
        features: the width of the backbone's output.
        classes: how many scores it gives.
        seed: of its initial values.

    Raises:
        InputError: when a plug-in cannot be loaded or gives what is no head.
    """
    if isinstance(options, LinearHead | MlpHead):
        return HEADS[options.name](features, classes, seed, **options.model_dump(exclude={"name"}))
    function = plugins.load_callable(options.name, KEY, options.arguments, 3)
    try:
        head: Head = function(features, classes, seed, **options.arguments)
        _check(head, options, features, classes)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{KEY}: {options.name} failed for {features} features and {classes} classes: "
            f"{type(error).__name__}: {cause(error)}; correct it"
        ) from error
    return head


def dropout_layers(head: Head) -> list[tuple[int, float]]:
    """The width and the rate of each of the head's layers that training drops values of."""
    return [(int(width), float(rate)) for width, rate in getattr(head, "dropout_layers", ())]


def _check(head: Head, options: PluginOptions, features: int, classes: int) -> None:
    """Refuses what does not offer what ``Head`` says."""
    name = options.name
    if not callable(head):
        raise _no_head(head, name, "it cannot be called")
    rows = tf.random.stateless_normal((2, features), (0, 0))
    _check_logits(head(rows), name, features, classes)
    # After the call: a Keras layer makes its variables in it.
    lacks = [name for name in ("variables", "trainable_variables") if not hasattr(head, name)]
    if lacks:
        raise _no_head(head, name, f"it lacks {' and '.join(lacks)}")
    if not list(head.trainable_variables):
        raise InputError(f"{KEY}: {name} has no trainable variables; give it some")
    before = [variable.numpy() for variable in head.variables]
    # Training and the exported model call it as a graph, for batches of any size.
    masks = [tf.ones((2, width)) for width, _ in dropout_layers(head)]
    for inputs in [[rows], [rows, *masks]] if masks else [[rows]]:
        signature = [tf.TensorSpec((None, value.shape[1]), tf.float32) for value in inputs]
        as_graph = tf.function(head.__call__, input_signature=signature, autograph=False)
        _check_logits(as_graph(*inputs), name, features, classes)
    pairs = zip(head.variables, before, strict=True)
    if any(np.any(variable.numpy() != value) for variable, value in pairs):
        raise InputError(
            f"{KEY}: {name} changes its variables when it is called, and only training may; call "
            "its layers as in inference"
        )


def _no_head(head: object, name: str, problem: str) -> InputError:
    return InputError(
        f"{KEY}: {name} gives {type(head).__name__}, must give a tf.Module or a Keras layer that "
        f"can be called ({problem}); correct it"
    )


def _check_logits(output: Any, name: str, features: int, classes: int) -> None:
    logits: Any = tf.convert_to_tensor(output)
    if logits.shape != (2, classes) or logits.dtype != tf.float32:
        raise InputError(
            f"{KEY}: {name} turns float32 [2, {features}] into {logits.dtype.name} "
            f"{list(logits.shape)}, must be float32 [2, {classes}]: a score for each class"
        )
    if not np.isfinite(logits.numpy()).all():
        raise InputError(
            f"{KEY}: {name} turns normally distributed features into NaN or infinity, must give "
            "finite scores; correct it"
        )

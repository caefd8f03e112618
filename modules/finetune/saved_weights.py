"""Copies of variables: the best weights so far, and their exponential moving average."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf


class SavedWeights:
    """A copy of the values of some variables, taken at construction and at each ``save``.

    Attributes:
        copies: the variables that hold the saved values, so that a checkpoint can include them.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        self._variables = list(variables)
        self.copies = [tf.Variable(variable, trainable=False) for variable in variables]

    def save(self) -> None:
        """Copies the variables' present values."""
        for copy, variable in zip(self.copies, self._variables, strict=True):
            copy.assign(variable)

    def restore(self) -> None:
        """Assigns the saved values to the variables."""
        for copy, variable in zip(self.copies, self._variables, strict=True):
            variable.assign(copy)


class ExponentialMovingAverage(SavedWeights):
    """The exponential moving average of variables (Polyak and Juditsky 1992).

    Args:
        variables: the variables to average.
        decay: the share of the average that each step keeps. After t steps it is at most
            (1 + t) / (10 + t), so that the initial values are soon forgotten.
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float) -> None:
        super().__init__(variables)
        self._decay = decay

    def update(self, step: tf.Tensor) -> None:
        """Adds the variables' present values to the average.

        Args:
            step: how many steps have been taken, int64 [].
        """
        steps = tf.cast(step, tf.float32)
        decay = tf.minimum(self._decay, (1.0 + steps) / (10.0 + steps))
        for copy, variable in zip(self.copies, self._variables, strict=True):
            copy.assign_sub(tf.cast(1.0 - decay, copy.dtype) * (copy - variable))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Gives the variables the averaged values within a ``with`` block."""
        own_values = [tf.identity(variable) for variable in self._variables]
        self.restore()
        try:
            yield
        finally:
            for value, variable in zip(own_values, self._variables, strict=True):
                variable.assign(value)

"""Copies of variables: the best weights so far, and a running mean of the weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf


class Snapshot:
    """The values that some variables had at a moment, at first those of now.

    Attributes:
        copies: variables that hold them, so that a checkpoint can.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        self._of = list(variables)
        self.copies = [tf.Variable(variable, trainable=False) for variable in variables]

    def take(self) -> None:
        """Copies the variables' values."""
        for copy, variable in zip(self.copies, self._of, strict=True):
            copy.assign(variable)

    def give_back(self) -> None:
        """Gives the variables the values of the copies."""
        for copy, variable in zip(self.copies, self._of, strict=True):
            variable.assign(copy)


class ExponentialMovingAverage(Snapshot):
    """An exponential running mean of variables (Polyak and Juditsky 1992).

    Args:
        variables: to follow.
        decay: the share of the mean that each step keeps; in the first steps less, (1 + t) /
            (10 + t) after t of them, so that the start is soon forgotten.
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float) -> None:
        super().__init__(variables)
        self._decay = decay

    def update(self, step: tf.Tensor) -> None:
        """Takes a step's weights into the mean.

        Args:
            step: how many steps have been taken, int64 [].
        """
        taken = tf.cast(step, tf.float32)
        keep = tf.minimum(self._decay, (1.0 + taken) / (10.0 + taken))
        for copy, variable in zip(self.copies, self._of, strict=True):
            copy.assign_sub(tf.cast(1.0 - keep, copy.dtype) * (copy - variable))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Lets the variables have the mean's values for a while."""
        own = [tf.identity(variable) for variable in self._of]
        self.give_back()
        try:
            yield
        finally:
            for value, variable in zip(own, self._of, strict=True):
                variable.assign(value)

"""Distributes the rows of each batch among devices and processes, through ``tf.distribute``.

Only the work is distributed. Variables are plain ones: each process has its own copies, which start
equal and stay equal, since every process applies the same summed gradients. So the rest of the
schedule, from the blocks to the export, need not know of the distribution.
"""

import functools
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import tensorflow as tf

from modules.errors import InputError
from modules.finetune import cluster
from modules.settings import check_cluster
from modules.settings.distribution import Distribution

SumsAndMeans = tuple[Sequence[tf.Tensor], Sequence[tf.Tensor]]
"""Sums over some rows of a batch, and means over them."""

RowTensors: TypeAlias = tf.Tensor | Sequence[tf.Tensor]
"""One tensor or several, with a row for each image of a batch."""

_START_TIMEOUT = 600.0  # seconds, for the other processes to start


class Strategy(Protocol):
    """How the work of each batch is distributed.

    Attributes:
        is_chief: whether this process is the one that writes files.
        is_alone: whether no other device or process waits for this one.
    """

    is_chief: bool
    is_alone: bool

    def reduce_rows(self, function: Callable[..., SumsAndMeans], *rows: RowTensors) -> SumsAndMeans:
        """Computes sums and means over a batch; may be called in a loop of a graph.

        Args:
            function: computes them for consecutive rows of the batch, at least one. It must not
                change a variable, since it is called for each replica's share.
            rows: tensors of the batch, or tuples of them; their rows lie along the first axis.

        Returns:
            The sums and means over the whole batch, the same in all processes.
        """

    def broadcast(self, values: Sequence[float]) -> list[float]:
        """Returns the chief's values in all processes, so that all take the same decisions.

        Without it, rounding could make the processes' own values differ.
        """

    def synchronize(self, done: int, folder: object) -> None:
        """Waits for all processes, and checks that they resume from the same point.

        Args:
            done: how many epochs or stages are done.
            folder: the folder that this was read from, for the message.

        Raises:
            InputError: in all processes, when they differ.
        """


class SingleDevice:
    """One process on one device, which computes the whole of every batch."""

    is_chief = True
    is_alone = True

    def reduce_rows(self, function: Callable[..., SumsAndMeans], *rows: RowTensors) -> SumsAndMeans:
        """Calls the function once, with the whole batch."""
        return function(*rows)

    def broadcast(self, values: Sequence[float]) -> list[float]:
        """Returns the values as they are."""
        return list(values)

    def synchronize(self, done: int, folder: object) -> None:
        """Does nothing: there is no other process."""


class Distributed:
    """The devices of a ``tf.distribute`` strategy, in this process and others.

    Replica r of n computes the rows from ``r * rows // n`` to ``(r + 1) * rows // n``.
    """

    is_alone = False

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self.is_chief = bool(strategy.extended.should_checkpoint)
        self._strategy = strategy
        self._gather = tf.function(
            lambda values: self._run(lambda: _replica().all_gather(values[None], axis=0)),
            input_signature=[tf.TensorSpec((None,), tf.float64)],
            autograph=False,
        )

    def reduce_rows(self, function: Callable[..., SumsAndMeans], *rows: RowTensors) -> SumsAndMeans:
        """See ``Strategy``; each process passes the same whole batch, and computes its share."""
        count = tf.shape(tf.nest.flatten(rows)[0])[0]
        replicas = self._strategy.num_replicas_in_sync

        def share() -> Any:
            number = _replica().replica_id_in_sync_group
            start, end = number * count // replicas, (number + 1) * count // replicas
            # A replica without rows, where there are more replicas than rows, computes one row,
            # which gets the weight 0.
            stop = tf.maximum(end, start + 1)
            sums, means = function(*tf.nest.map_structure(lambda part: part[start:stop], rows))
            weight = (end - start) / count
            return _replica().all_reduce(
                tf.distribute.ReduceOp.SUM,
                (_times(sums, tf.sign(end - start)), _times(means, weight)),
            )

        reduced: SumsAndMeans = self._run(share)
        return reduced

    def broadcast(self, values: Sequence[float]) -> list[float]:
        """See ``Strategy``; the chief is the first replica."""
        of_chief: list[float] = self._gather(tf.constant(values, tf.float64))[0].numpy().tolist()
        return of_chief

    def synchronize(self, done: int, folder: object) -> None:
        """See ``Strategy``."""
        counts = self._gather(tf.constant([done], tf.float64))[:, 0].numpy().astype(int).tolist()
        if len(set(counts)) > 1:
            raise InputError(
                f"finetune.distribution: the workers would go on after {counts} epochs or stages, "
                f"because they do not see the same checkpoints in {folder}; put root on a disk "
                "that all of them share"
            )

    def _run(self, function: Callable[[], Any]) -> Any:
        """Runs a function on each device; returns the result of this process's first device."""
        return tf.nest.map_structure(
            lambda value: self._strategy.experimental_local_results(value)[0],
            self._strategy.run(function),
        )


@functools.cache
def start(distribution: Distribution) -> Strategy:
    """Returns the strategy that this process trains with; the same object each time.

    ``mirrored`` uses all GPUs of this machine, or its logical CPUs if it has none; a single device
    is treated as ``none``. ``multi_worker`` uses the devices of all processes that ``TF_CONFIG``
    names: it waits for the other processes, and must be called before TensorFlow computes anything.

    Raises:
        InputError: when ``TF_CONFIG`` is wrong, TensorFlow has already computed something, or a
            process does not answer in time.
    """
    if distribution == "none":
        return SingleDevice()
    if distribution == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) == 1:
            return SingleDevice()
        return Distributed(tf.distribute.MirroredStrategy([device.name for device in devices]))
    check_cluster(distribution, os.environ)
    _wait_for_others()
    try:
        return Distributed(tf.distribute.MultiWorkerMirroredStrategy())
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"finetune.distribution: multi_worker could not start ({reason}); train in a process "
            "that has not used TensorFlow before"
        ) from error


def _wait_for_others() -> None:
    config = json.loads(os.environ["TF_CONFIG"])
    everyone = [address for role in config["cluster"].values() for address in role]
    own = config["cluster"][config["task"]["type"]][int(config["task"]["index"])]
    others = [address for address in everyone if address != own]
    cluster.wait_for_others(own, others, _START_TIMEOUT)


def _replica() -> Any:
    return tf.distribute.get_replica_context()


def _times(values: Sequence[tf.Tensor], factor: tf.Tensor) -> list[tf.Tensor]:
    # Sparse gradients become dense, as their sum over replicas would be anyway.
    dense = [tf.convert_to_tensor(value) for value in values]
    return [value * tf.cast(factor, value.dtype) for value in dense]

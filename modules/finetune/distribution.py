"""Shares the rows of each batch out among devices and processes, through ``tf.distribute``.

Only the work is shared out. Variables are plain ones: each process has its own, which start alike
and are moved alike, by gradients that every process gets the same sum of. So what else there is of
a schedule, from the blocks to the export, need not know of it.
"""

import functools
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from modules.errors import InputError
from modules.finetune import cluster
from modules.settings import check_cluster
from modules.settings.distribution import Distribution

Outcome = tuple[Sequence[tf.Tensor], Sequence[tf.Tensor]]
"""Sums over some rows of a batch, and means over them."""

Part: TypeAlias = tf.Tensor | Sequence[tf.Tensor]
"""What holds something of each image of a batch: a tensor, or several."""

_WAIT = 600.0  # seconds, for the other processes to start


class SingleDevice:
    """One process on one device, which does the whole of every batch.

    Attributes:
        is_chief: whether this process is the one that writes.
        is_alone: whether no other device or process waits for what this one does.
    """

    is_chief = True
    is_alone = True

    def over_rows(self, function: Callable[..., Outcome], *rows: Part) -> Outcome:
        """Computes sums and means over a batch; may be called in a loop of a graph.

        Args:
            function: gives them for a run of the batch's rows, at least one. It must not change a
                variable: it is called for each share.
            rows: tensors of the batch, or tuples of them; their rows lie along the first axis.

        Returns:
            The sums and means over the whole batch, the same in all processes.
        """
        return function(*rows)

    def of_chief(self, values: Sequence[float]) -> list[float]:
        """The chief's values in all processes, so that they decide the same.

        Rounding may tell the processes' own apart.
        """
        return list(values)

    def agree(self, done: int, folder: object) -> None:
        """Waits until all processes are here, and sees that they go on from the same place.

        Args:
            done: how much is done.
            folder: that it was read from.

        Raises:
            InputError: in all processes, when they differ.
        """


class Distributed(SingleDevice):
    """The devices of a strategy of ``tf.distribute``, in this process and others.

    Replica r of n does the rows from ``r * rows // n`` to ``(r + 1) * rows // n``.
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

    def over_rows(self, function: Callable[..., Outcome], *rows: Part) -> Outcome:
        """As said above; each process is given the same whole batch, and takes its share."""
        count = tf.shape(tf.nest.flatten(rows)[0])[0]
        replicas = self._strategy.num_replicas_in_sync

        def share() -> Any:
            number = _replica().replica_id_in_sync_group
            start, end = number * count // replicas, (number + 1) * count // replicas
            # Where there are fewer rows than replicas, one without takes a row that does not count.
            stop = tf.maximum(end, start + 1)
            sums, means = function(*tf.nest.map_structure(lambda one: one[start:stop], rows))
            weight = (end - start) / count
            return _replica().all_reduce(
                tf.distribute.ReduceOp.SUM,
                (_times(sums, tf.sign(end - start)), _times(means, weight)),
            )

        found: Outcome = self._run(share)
        return found

    def of_chief(self, values: Sequence[float]) -> list[float]:
        """As said above; the chief has the first replica."""
        found: list[float] = self._gather(tf.constant(values, tf.float64))[0].numpy().tolist()
        return found

    def agree(self, done: int, folder: object) -> None:
        """As said above."""
        found = self._gather(tf.constant([done], tf.float64))[:, 0].numpy().astype(int).tolist()
        if len(set(found)) > 1:
            raise InputError(
                f"finetune.distribution: the workers would go on after {found} epochs or stages, "
                f"for they do not see the same checkpoints in {folder}; put root on a disk that "
                "all of them share"
            )

    def _run(self, share: Callable[[], Any]) -> Any:
        """Runs it on each device; gives what the first of this process has."""
        return tf.nest.map_structure(
            lambda one: self._strategy.experimental_local_results(one)[0], self._strategy.run(share)
        )


@functools.cache
def start(distribution: Distribution) -> SingleDevice:
    """What this process trains on; the same object each time.

    ``mirrored`` is all GPUs of this machine, or its logical CPUs where it has none, and one of
    them is ``none``;
    ``multi_worker`` is those of all processes that ``TF_CONFIG`` names, and must be asked for
    before TensorFlow has computed anything. It waits for the other processes.

    Raises:
        InputError: when ``TF_CONFIG`` or the moment is wrong, or a process does not come.
    """
    if distribution == "none":
        return SingleDevice()
    if distribution == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) == 1:
            return SingleDevice()
        return Distributed(tf.distribute.MirroredStrategy([device.name for device in devices]))
    check_cluster(distribution, os.environ)
    _meet_others()
    try:
        return Distributed(tf.distribute.MultiWorkerMirroredStrategy())
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"finetune.distribution: multi_worker could not start ({reason}); train in a process "
            "that has not used TensorFlow before"
        ) from error


def _meet_others() -> None:
    config = json.loads(os.environ["TF_CONFIG"])
    everyone = [address for role in config["cluster"].values() for address in role]
    own = config["cluster"][config["task"]["type"]][int(config["task"]["index"])]
    cluster.meet(own, [address for address in everyone if address != own], _WAIT)


def _replica() -> Any:
    return tf.distribute.get_replica_context()


def _times(values: Sequence[tf.Tensor], factor: tf.Tensor) -> list[tf.Tensor]:
    # Sparse gradients become dense: the sum of several is so anyway.
    dense = [tf.convert_to_tensor(value) for value in values]
    return [one * tf.cast(factor, one.dtype) for one in dense]

"""Limits Beam's batches of examples to 20 MiB."""

from absl import flags
from tfx_bsl.coders import batch_util  # noqa: F401 defines the flag


def cap_batches() -> None:
    """Has tfx_bsl batch examples by bytes, 20 MiB at a time, in all that this process reads.

    Its default batches by time, up to 1,000 examples: 3 GB of photos as a camera takes them. Beam
    pipelines that are built after the call keep the cap, also where their workers are other
    processes.
    """
    flags.FLAGS.mark_as_parsed()  # tfx_bsl passes over flags that nothing has parsed.
    flags.FLAGS.tfxio_use_byte_size_batching = True

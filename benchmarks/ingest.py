"""Images in: ImageExampleGen beside a plain loop, and beside stock ImportExampleGen.

    python -m benchmarks.ingest [--images N] [--turns N]

Each peer is a process of its own, run by turns over the same photos (``benchmarks.photo_files``),
which the page cache holds by then. Printed, and written to ``results/ingest.jsonl``: seconds of the
work, the imports left out, and the most memory held.

- *loop*: ``tf.data`` over the files and a ``TFRecordWriter`` for each split. Reads and decodes each
  image once, in parallel, for size and brightness; splits by a hash of the bytes. It is told which
  files there are, takes JPEG alone, and would end at the first that is broken.
- *thaw*: all of ImageExampleGen's executor, listing and looking for copies included, with Beam in
  one process; *thaw, processes*: with ``multi_processing``.
- *stock, shards*: ImportExampleGen's executor on the loop's TFRecords, split by hash, shuffled and
  compressed as it does; *thaw, shards*: ImageExampleGen on the same.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

from benchmarks import photo_files
from pipeline.config import Beam, Splits
from pipeline.local import peak_rss_mb

RESULTS = Path(__file__).parent / "results" / "ingest.jsonl"
SHARES = Splits().shares()
PROCESSES = Beam(mode="multi_processing").pipeline_args()
ONE_PROCESS = Beam().pipeline_args()


def loop(source: Path, target: Path) -> None:
    """What one writes by hand."""
    import tensorflow as tf

    from components.image_example_gen.split import split_of

    def read(path: Any) -> tuple[Any, Any, Any]:
        content = tf.io.read_file(path)
        pixels = tf.io.decode_jpeg(content, channels=3, ratio=8)
        brightness = tf.reduce_mean(tf.cast(pixels, tf.float32)) / 255.0
        return content, tf.io.extract_jpeg_shape(content), brightness

    paths = sorted(str(path) for path in source.glob("*/*.jpg"))
    data = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=0)
    data = data.map(lambda path: (path, *read(path)), num_parallel_calls=tf.data.AUTOTUNE)
    writers = {}
    for split in SHARES:
        (target / split).mkdir(parents=True)
        writers[split] = tf.io.TFRecordWriter(str(target / split / "images.tfrecord"))
    for path, content, shape, brightness in data.prefetch(16).as_numpy_iterator():
        label = path.split(b"/")[-2]
        feature = {
            "image_bytes": tf.train.Feature(bytes_list=tf.train.BytesList(value=[content])),
            "label": tf.train.Feature(bytes_list=tf.train.BytesList(value=[label])),
            "height": tf.train.Feature(int64_list=tf.train.Int64List(value=[shape[0]])),
            "width": tf.train.Feature(int64_list=tf.train.Int64List(value=[shape[1]])),
            "brightness": tf.train.Feature(float_list=tf.train.FloatList(value=[brightness])),
            "digest": tf.train.Feature(
                bytes_list=tf.train.BytesList(value=[hashlib.sha256(content).digest()])
            ),
        }
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        writers[split_of(content, SHARES)].write(example.SerializeToString())
    for writer in writers.values():
        writer.close()


def thaw(source: Path, target: Path, beam: list[str] = ONE_PROCESS) -> None:
    """ImageExampleGen's executor."""
    from tfx.types import standard_artifacts

    from components.artifacts import Ingestion, Quarantine
    from components.image_example_gen.executor import Executor
    from modules.settings import Ingest

    kinds = {
        "examples": standard_artifacts.Examples,
        "ingestion": Ingestion,
        "quarantine": Quarantine,
    }
    options = Ingest(path=str(source), splits=SHARES).model_dump_json()
    _execute(Executor, kinds, {"options": options}, target, beam)


def stock(source: Path, target: Path) -> None:
    """ImportExampleGen's executor, with splits of the same shares."""
    from google.protobuf import json_format
    from tfx import v1 as tfx
    from tfx.components.example_gen.import_example_gen.executor import Executor
    from tfx.proto import example_gen_pb2
    from tfx.types import standard_artifacts

    proto = tfx.proto
    given = proto.Input(splits=[proto.Input.Split(name="all", pattern="*/*.tfrecord")])
    wanted = proto.Output(
        split_config=proto.SplitConfig(
            splits=[
                proto.SplitConfig.Split(name=name, hash_buckets=round(10 * share))
                for name, share in SHARES.items()
            ]
        )
    )
    properties = {
        "input_base": str(source),
        "input_config": json_format.MessageToJson(given, preserving_proto_field_name=True),
        "output_config": json_format.MessageToJson(wanted, preserving_proto_field_name=True),
        "output_data_format": example_gen_pb2.FORMAT_TF_EXAMPLE,
        "output_file_format": example_gen_pb2.FORMAT_TFRECORDS_GZIP,
    }
    _execute(Executor, {"examples": standard_artifacts.Examples}, properties, target, ONE_PROCESS)


def _execute(
    executor: Any, kinds: dict[str, Any], properties: dict[str, Any], target: Path, beam: list[str]
) -> None:
    outputs = {}
    for key, kind in kinds.items():
        artifact = kind()
        artifact.uri = str(target / key)
        (target / key).mkdir(parents=True)
        outputs[key] = [artifact]
    context = executor.Context(beam_pipeline_args=beam, tmp_dir=str(target), unique_id="1")
    executor(context).Do({}, outputs, properties)


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "loop": loop,
    "thaw": thaw,
    "thaw, processes": lambda source, target: thaw(source, target, PROCESSES),
    "stock, shards": stock,
    "thaw, shards": thaw,
}


def measure(peer: str, source: Path, target: Path) -> dict[str, Any]:
    """In a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ingest", "--peer", peer]
    command += ["--source", str(source), "--target", str(target)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return {"peer": peer, **json.loads(done.stdout.splitlines()[-1])}


def compare(images: int, turns: int) -> None:
    """All peers by turns; prints the medians and ranges."""
    source = photo_files.folder(images)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="thaw-ingest-") as folder:
        for turn in range(turns):
            shards = Path(folder) / f"loop-{turn}"
            for number, peer in enumerate(PEERS):
                place = shards if peer == "loop" else Path(folder) / f"{turn}-{number}"
                run = measure(peer, shards if "shards" in peer else source, place)
                found.append({"images": images, "turn": turn, **run})
                print(found[-1], flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(run) + "\n" for run in found)
    print("| | seconds | images a second | peak MB |\n| --- | --- | --- | --- |")
    for peer in PEERS:
        seconds = sorted(run["seconds"] for run in found if run["peer"] == peer)
        memory = max(run["peak_mb"] for run in found if run["peer"] == peer)
        middle = statistics.median(seconds)
        print(
            f"| {peer} | {middle:.1f} ({seconds[0]:.1f} to {seconds[-1]:.1f}) "
            f"| {images / middle:.0f} | {memory:.0f} |"
        )


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--target", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not given.peer:
        compare(given.images, given.turns)
        return
    # Imported before the clock starts.
    import tensorflow as tf
    from tfx import v1 as tfx  # noqa: F401

    tf.constant(0)
    started, worked = time.monotonic(), sum(os.times()[:4])
    PEERS[given.peer](given.source, given.target)
    seconds, cpu = time.monotonic() - started, sum(os.times()[:4]) - worked
    print(
        json.dumps({"seconds": round(seconds, 2), "cpu": round(cpu, 2), "peak_mb": peak_rss_mb()})
    )


if __name__ == "__main__":
    main()

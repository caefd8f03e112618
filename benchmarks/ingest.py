"""Images in: ImageExampleGen beside a plain loop, and beside stock ImportExampleGen.

    python -m benchmarks.ingest [--images N] [--turns N]

Each peer is a process of its own, run by turns over the same photos (``benchmarks.photo_files``),
which the page cache holds by then. Printed, and written to ``results/ingest.jsonl``: seconds of the
work, the imports left out, those of all processors, and the most memory held; and the machine's
load before. Where others use it too, the processors' seconds tell more.

- *loop*: ``tf.data`` over the files and a ``TFRecordWriter`` for each split. Makes the same checks:
  leaves out the same bytes with two labels, what has too many pixels and what cannot be decoded,
  and names it; writes the same metadata, and splits by the same hash. It takes JPEG alone.
- *thaw*: all of ImageExampleGen, the driver's first reading and looking for copies included, with
  Beam in one process; *thaw, processes*: with ``multi_processing`` and two workers.
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
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

from benchmarks import photo_files
from modules.settings import MAX_PIXELS, Splits
from pipeline.configuration.beam import Beam
from pipeline.state.node_records import peak_rss_mb

RESULTS = Path(__file__).parent / "results" / "ingest.jsonl"
SHARES = Splits().shares()
PROCESSES = Beam(mode="multi_processing", workers=2).pipeline_args()
ONE_PROCESS = Beam().pipeline_args()


def loop(source: Path, target: Path) -> None:
    """What one writes by hand."""
    import tensorflow as tf

    from components.image_example_gen.hash_split import split_of

    def read(path: Any) -> tuple[Any, Any, Any]:
        content = tf.io.read_file(path)
        return path, content, tf.io.extract_jpeg_shape(content)

    def is_small(path: Any, content: Any, shape: Any) -> Any:
        return tf.cast(shape[0], tf.int64) * tf.cast(shape[1], tf.int64) <= MAX_PIXELS

    def decode(path: Any, content: Any, shape: Any) -> tuple[Any, Any, Any, Any]:
        pixels = tf.io.decode_jpeg(content, channels=3, ratio=8)
        return path, content, shape, tf.reduce_mean(tf.cast(pixels, tf.float32)) / 255.0

    paths = sorted(str(path) for path in source.glob("*/*.jpg"))
    paths = sorted(set(paths) - _of_two_labels(paths))
    data = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths), seed=0)
    data = data.map(read, num_parallel_calls=tf.data.AUTOTUNE).filter(is_small)
    data = data.map(decode, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
    writers = {}
    for split in SHARES:
        (target / split).mkdir(parents=True)
        writers[split] = tf.io.TFRecordWriter(str(target / split / "images.tfrecord"))
    written = set()
    for path, content, shape, brightness in data.prefetch(16).as_numpy_iterator():
        written.add(path.decode())
        example = _example(path, content, shape, brightness)
        writers[split_of(content, SHARES)].write(example.SerializeToString())
    for writer in writers.values():
        writer.close()
    (target / "left_out.txt").write_text("\n".join(sorted(set(paths) - written)))


def _of_two_labels(paths: list[str]) -> set[str]:
    """Those whose bytes stand in two classes; of equal sizes the content is compared."""
    sizes = {path: os.path.getsize(path) for path in paths}
    times = Counter(sizes.values())
    copies: dict[bytes, list[str]] = defaultdict(list)
    for path, size in sizes.items():
        if times[size] > 1:
            copies[hashlib.sha256(Path(path).read_bytes()).digest()].append(path)
    labels = {key: {path.split("/")[-2] for path in same} for key, same in copies.items()}
    return {path for key, same in copies.items() if len(labels[key]) > 1 for path in same}


def _example(path: bytes, content: bytes, shape: Any, brightness: float) -> Any:
    import tensorflow as tf

    def of_bytes(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_int(value: int) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    feature = {
        "image_bytes": of_bytes(content),
        "label": of_bytes(path.split(b"/")[-2]),
        "path": of_bytes(b"/".join(path.split(b"/")[-2:])),
        "format": of_bytes(b"JPEG"),
        "height": of_int(shape[0]),
        "width": of_int(shape[1]),
        "channels": of_int(shape[2]),
        "bytes": of_int(len(content)),
        "brightness": tf.train.Feature(float_list=tf.train.FloatList(value=[brightness])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature))


def thaw(source: Path, target: Path, beam: list[str] = ONE_PROCESS) -> None:
    """ImageExampleGen: its driver, which lists and reads the images, and its executor."""
    from tfx.types import standard_artifacts

    from components.artifacts import Ingestion, Quarantine
    from components.image_example_gen.component import Driver
    from components.image_example_gen.executor import Executor
    from components.image_example_gen.io import LISTING
    from modules.settings import Ingest

    kinds = {
        "examples": standard_artifacts.Examples,
        "ingestion": Ingestion,
        "quarantine": Quarantine,
    }
    options = Ingest(path=str(source))
    target.mkdir(parents=True)
    properties = {"options": options.model_dump_json(), LISTING: str(target / "listing")}
    properties |= Driver(None).changes(properties, {})
    _execute(Executor, kinds, properties, target, beam)


def stock(source: Path, target: Path) -> None:
    """ImportExampleGen's executor, with splits of the same shares."""
    from google.protobuf import json_format
    from tfx import v1 as tfx
    from tfx.components.example_gen.import_example_gen.executor import Executor
    from tfx.proto import example_gen_pb2
    from tfx.types import standard_artifacts

    proto = tfx.proto
    input_config = proto.Input(splits=[proto.Input.Split(name="all", pattern="*/*.tfrecord")])
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
        "input_config": json_format.MessageToJson(input_config, preserving_proto_field_name=True),
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
    load = round(os.getloadavg()[0], 1)
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.ingest", "--peer", peer]
    command += ["--source", str(source), "--target", str(target)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return {"peer": peer, "load": load, **json.loads(done.stdout.splitlines()[-1])}


def compare(images: int, turns: int) -> None:
    """All peers by turns; prints the medians and ranges."""
    source = photo_files.folder(images)
    result: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="thaw-ingest-") as folder:
        for turn in range(turns):
            shards = Path(folder) / f"loop-{turn}"
            for number, peer in enumerate(PEERS):
                place = shards if peer == "loop" else Path(folder) / f"{turn}-{number}"
                run = measure(peer, shards if "shards" in peer else source, place)
                result.append({"images": images, "turn": turn, **run})
                print(result[-1], flush=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(run) + "\n" for run in result)
    print("| | seconds | processor seconds | peak MB |\n| --- | --- | --- | --- |")
    for peer in PEERS:
        runs = [run for run in result if run["peer"] == peer]
        cells = [_spread([run[key] for run in runs]) for key in ("seconds", "cpu")]
        print(f"| {peer} | {' | '.join(cells)} | {max(run['peak_mb'] for run in runs):.0f} |")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--target", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.peer:
        compare(arguments.images, arguments.turns)
        return
    # Imported before the clock starts.
    import tensorflow as tf
    from tfx import v1 as tfx  # noqa: F401

    tf.constant(0)
    started, worked = time.monotonic(), sum(os.times()[:4])
    PEERS[arguments.peer](arguments.source, arguments.target)
    seconds, cpu = time.monotonic() - started, sum(os.times()[:4]) - worked
    print(
        json.dumps({"seconds": round(seconds, 2), "cpu": round(cpu, 2), "peak_mb": peak_rss_mb()})
    )


if __name__ == "__main__":
    main()

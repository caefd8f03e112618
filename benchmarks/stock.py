"""Measures a stock TFX pipeline on the same photos, from the images to the first training step.

    python -m benchmarks.stock [--seed N] [--photos N] [--statistics]

The images go, encoded, into TFRecords, through ImportExampleGen, and through a Transform that
decodes them, resizes them and writes the pixels; Trainer then reads a batch of these and takes one
step of a linear model on them. Two defaults of TFX are left out: Transform's statistics of the
pixels, unless asked for, and the shuffle, which would read 10,000 images, repeating them, before
the first batch. The last line printed is a JSON object::

    {"seconds", "written_mb", "peak_mb", "stages": {"records", "graph", "step"}}

``seconds`` run from the first image read to the end of the step; imports do not count. The stages
are its parts: the TFRecords, everything before Trainer's own code, and that code. ``written_mb``
counts all files written, in millions of bytes; ``peak_mb`` is the peak memory, in MB (2**20).
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tensorflow as tf
import tensorflow_transform as tft
from tfx import v1 as tfx
from tfx.orchestration import metadata
from tfx_bsl.public import tfxio

from benchmarks import photos
from benchmarks.measure import bytes_in
from pipeline.state.node_records import peak_rss_mb

SPLITS = ("train", "eval")
IMAGE, LABEL, PIXELS = "image", "label", "pixels"
STAMP = "stamp"  # the key of custom_config that names the file for the clock's readings
BEAM = (
    "--runner=FnApiRunner",
    "--direct_running_mode=in_memory",
    "--direct_num_workers=1",
    # Without it TFX packs itself for remote workers, which this runner has none of.
    "--sdk_container_image=unused",
)
SCHEMA = "".join(
    f'feature {{ name: "{name}" type: {kind} shape {{ dim {{ size: 1 }} }} '
    "presence { min_fraction: 1 } }\n"
    for name, kind in ((IMAGE, "BYTES"), (LABEL, "INT"))
)


def write_records(rows: Sequence[photos.Photo], file: Path) -> None:
    """Writes encoded images and their labels as Examples into one file."""
    with tf.io.TFRecordWriter(str(file)) as writer:
        for path, label in rows:
            image = tf.train.BytesList(value=[path.read_bytes()])
            feature = {
                IMAGE: tf.train.Feature(bytes_list=image),
                LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, Any]:
    """Called by Transform: pixels, float32 [batch, 224, 224, 3] in [0, 1], and labels [batch]."""
    pixels = tf.map_fn(
        _decode,
        tf.reshape(inputs[IMAGE], [-1]),
        fn_output_signature=tf.TensorSpec((photos.SIZE, photos.SIZE, 3), tf.float32),
    )
    return {PIXELS: pixels, LABEL: tf.reshape(inputs[LABEL], [-1])}


def _decode(image: tf.Tensor) -> tf.Tensor:
    decoded = tf.io.decode_jpeg(image, channels=3)
    return tf.image.resize(decoded, (photos.SIZE, photos.SIZE)) / 255.0


def run_fn(fn_args: Any) -> None:
    """Takes one step, and writes when it began and ended; called by Trainer."""
    started = time.monotonic()
    transform = tft.TFTransformOutput(fn_args.transform_output)
    data = fn_args.data_accessor.tf_dataset_factory(
        fn_args.train_files,
        tfxio.TensorFlowDatasetOptions(photos.BATCH, num_epochs=1, shuffle=False, label_key=LABEL),
        transform.transformed_metadata.schema,
    )
    features, labels = next(iter(data))
    pixels = tf.reshape(features[PIXELS], (len(labels), -1))
    head = tf.Variable(tf.zeros((pixels.shape[1], photos.CLASSES)))
    # By hand: what Keras takes to trace its own step is not the pipeline's.
    with tf.GradientTape() as tape:
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, pixels @ head)
    head.assign_sub(0.001 * tape.gradient(loss, head))
    # Trainer asks for a model; saving one would be no part of what is measured.
    Path(fn_args.serving_model_dir).mkdir(parents=True)
    readings = json.dumps([started, time.monotonic()])
    Path(fn_args.custom_config[STAMP]).write_text(readings, encoding="utf-8")


def create_pipeline(folder: Path, stamp: Path, *, statistics: bool) -> Any:
    """Returns the graph on the TFRecords and the schema in ``folder``; its artifacts are there."""
    splits = [tfx.proto.Input.Split(name=name, pattern=f"{name}.tfrecord") for name in SPLITS]
    example_gen = tfx.components.ImportExampleGen(
        input_base=str(folder / "records"), input_config=tfx.proto.Input(splits=splits)
    )
    schema = tfx.components.ImportSchemaGen(schema_file=str(folder / "schema.pbtxt"))
    transform = tfx.components.Transform(
        examples=example_gen.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn="benchmarks.stock.preprocessing_fn",
        disable_statistics=not statistics,
    )
    trainer = tfx.components.Trainer(
        run_fn="benchmarks.stock.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(splits=["train"], num_steps=1),
        eval_args=tfx.proto.EvalArgs(splits=["eval"], num_steps=1),
        custom_config={STAMP: str(stamp)},
    )
    return tfx.dsl.Pipeline(
        pipeline_name="stock",
        pipeline_root=str(folder / "artifacts"),
        components=[example_gen, schema, transform, trainer],
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            str(folder / "metadata.sqlite")
        ),
        beam_pipeline_args=list(BEAM),
    )


def measure(folder: Path, seed: int, count: int | None, *, statistics: bool) -> dict[str, Any]:
    """Runs once in an empty folder; returns the record to print."""
    started = time.monotonic()
    data = photos.split(seed)
    (folder / "records").mkdir()
    for name, rows in zip(SPLITS, (data.train, data.validation), strict=True):
        write_records(rows[:count], folder / "records" / f"{name}.tfrecord")
    (folder / "schema.pbtxt").write_text(SCHEMA, encoding="utf-8")
    written = time.monotonic()
    stamp = folder / "stamp.json"
    pipeline = create_pipeline(folder, stamp, statistics=statistics)
    tfx.orchestration.LocalDagRunner().run(pipeline)
    trainer_started, ended = json.loads(stamp.read_text(encoding="utf-8"))
    return {
        "seconds": ended - started,
        "written_mb": bytes_in(folder) / 1e6,
        "peak_mb": peak_rss_mb(),
        "stages": {
            "records": written - started,
            "graph": trainer_started - written,
            "step": ended - trainer_started,
        },
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=int, help="of each split, to try it; all by default")
    parser.add_argument("--statistics", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(
            Path(folder), arguments.seed, arguments.photos, statistics=arguments.statistics
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()

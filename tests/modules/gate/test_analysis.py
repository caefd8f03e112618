"""The pass over the test images reads each image that is used, once."""

from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio import tf_example_record

from modules import features
from modules.gate.analysis import reading
from modules.images.shard_labels import SpanPart
from tests.modules.images.test_shards import write_records, write_span


def images_in(patterns: list[str], folder: Path) -> list[bytes]:
    """The bytes of the images that the pass reads, sorted."""
    text = Path(features.__file__).with_name("schema.pbtxt").read_text(encoding="utf-8")
    source = tf_example_record.TFExampleRecord(
        patterns,
        schema=text_format.Parse(text, schema_pb2.Schema()),
        raw_record_column_name="raw",
        telemetry_descriptors=["test"],
    )

    def contents(batch: pa.RecordBatch) -> list[bytes]:
        assert len(batch.column(batch.schema.names.index("raw"))) == batch.num_rows
        column = batch.column(batch.schema.names.index(features.IMAGE_BYTES))
        return [value.as_py() for value in column.flatten()]

    with beam.Pipeline() as pipeline:
        _ = (
            pipeline
            | reading(patterns, source)
            | beam.FlatMap(contents)
            | beam.io.WriteToText(str(folder / "images"), coder=beam.coders.BytesCoder())
        )
    return sorted(b"".join(path.read_bytes() for path in folder.glob("images-*")).split())


@pytest.mark.parametrize("spans", [1, 2])
def test_it_reads_the_images_that_are_used_of_all_artifacts(tmp_path: Path, spans: int) -> None:
    rows = [[(b"a", "cat"), (b"b", "dog")], [(b"a", "cat"), (b"c", "cat"), (b"d", "cat")]]
    patterns = [
        write_span(tmp_path / str(number), rows[number], SpanPart(number))
        for number in range(spans)
    ]
    expected = [b"a", b"b"] if spans == 1 else [b"a", b"b", b"c", b"d"]
    assert images_in(patterns, tmp_path) == expected


def test_data_without_spans_is_read_whole(tmp_path: Path) -> None:
    rows = [(b"a", "cat"), (b"a", "cat")]
    write_records(tmp_path / "Split-test" / "images", rows)
    assert images_in([f"{tmp_path}/Split-test/*"], tmp_path) == [b"a", b"a"]

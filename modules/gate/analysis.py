"""TFMA's pass over the test images: both models at once, metrics and rows out."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.evaluators import analysis_table_evaluator
from tensorflow_model_analysis.extractors import extractor
from tensorflow_model_analysis.writers import writer
from tfx_bsl.tfxio import tensor_adapter, tf_example_record

from modules import features, model_layout
from modules.beam_batches import cap_batches
from modules.gate import predictions
from modules.gate.tfma_config import eval_config
from modules.images import shards
from modules.settings import Evaluation


def analyse(
    pipeline: beam.Pipeline,
    patterns: Sequence[str],
    schema: Any,
    models: Mapping[str, str],
    labels: Mapping[str, Sequence[str]],
    options: Evaluation,
    folder: Path,
    golden: str = "",
) -> None:
    """Adds the pass to a Beam pipeline: it writes TFMA's files and the rows of ``predictions``.

    Caps the batches that this process reads, for the test images are read whole.

    Args:
        pipeline: still to be run.
        patterns: of the TFRecord files of the test split, of one artifact or of several.
        schema: of the Examples in them.
        models: by ``predictions.CANDIDATE`` and, if there is a baseline, ``predictions.BASELINE``:
            the folder of a SavedModel that ``modules.export`` wrote.
        labels: by the same names, the classes that each knows.
        options: what the gate asks.
        folder: to write to.
        golden: the pattern of the files of the golden set, empty for none. Its images are answered
            in the same pass; their rows lie apart, and no metric of TFMA's counts them.
    """
    cap_batches()
    config = eval_config(options, has_baseline=predictions.BASELINE in models)
    shared = [
        tfma.default_eval_shared_model(
            eval_saved_model_path=models[spec.name], model_name=spec.name, eval_config=config
        )
        for spec in config.model_specs
    ]
    source = _source(patterns, schema)
    adapter = tensor_adapter.TensorAdapterConfig(
        arrow_schema=source.ArrowSchema(), tensor_representations=source.TensorRepresentations()
    )

    def extractors() -> list[Any]:
        extracts: list[Any] = tfma.default_extractors(
            eval_shared_model=shared, eval_config=config, tensor_adapter_config=adapter
        )
        return extracts

    folder.mkdir(parents=True, exist_ok=True)
    predictions.write_labels(folder, labels)
    _ = (
        pipeline
        | "ReadTestSplit" >> reading(patterns, source)
        | "Analyse"
        >> tfma.ExtractEvaluateAndWriteResults(
            eval_shared_model=shared if len(shared) > 1 else shared[0],
            eval_config=config,
            extractors=extractors(),
            evaluators=[
                *tfma.default_evaluators(
                    eval_shared_model=shared, eval_config=config, schema=schema
                ),
                _answers(),
            ],
            writers=[
                *tfma.default_writers(str(folder), eval_shared_model=shared, eval_config=config),
                writer.Writer("WriteRows", _write_rows(folder, options.slices, tuple(models))),
            ],
        )
    )
    if golden:
        table = (
            pipeline
            | "ReadGolden" >> _source([golden], schema).BeamSource()
            | "GoldenExtracts" >> tfma.BatchedInputsToExtracts()
            | "AnswerGolden" >> tfma.ExtractAndEvaluate(extractors(), [_answers()])
        )[tfma.ANALYSIS_KEY]
        _ = table | "WriteGolden" >> _WriteRows(
            f"{folder}/{predictions.GOLDEN_ROWS}", (), tuple(models)
        )


def _source(patterns: Sequence[str], schema: Any) -> Any:
    return tf_example_record.TFExampleRecord(
        file_pattern=list(patterns),
        schema=schema,
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
        telemetry_descriptors=["thaw"],
    )


def _answers() -> Any:
    """Gives each image's features and the models' answers, an image at a time."""
    return analysis_table_evaluator.AnalysisTableEvaluator(
        run_after=extractor.LAST_EXTRACTOR_STAGE_NAME,
        include={tfma.FEATURES_KEY: {}, tfma.PREDICTIONS_KEY: {}},
    )


def reading(patterns: Sequence[str], source: Any) -> beam.PTransform:
    """Reads the images that are used, as record batches."""
    files = shards.find(patterns)
    # Beam's own source knows no places of records, and takes a step for each pattern.
    if len(patterns) == 1 and files.are_used_whole:
        return source.BeamSource()
    return _ReadUsed(files.shards, source)


class _ReadUsed(beam.PTransform):
    """A pipeline in, record batches of the records of some shards that are used out."""

    def __init__(self, files: Sequence[shards.Shard], source: Any) -> None:
        super().__init__()
        self._places = [
            (file.path, None if file.mask is None else file.mask.tobytes()) for file in files
        ]
        self._source = source

    def expand(self, pipeline: Any) -> beam.PCollection:
        """Reads the shards side by side."""
        return (
            pipeline
            | "Shards" >> beam.Create(self._places, reshuffle=True)
            | "Records" >> beam.FlatMap(_used_records).with_output_types(bytes)
            | "Batches" >> self._source.RawRecordToRecordBatch()
        )


def _used_records(place: tuple[str, bytes | None]) -> Iterator[bytes]:
    path, mask = place
    shard = shards.Shard(path, mask=None if mask is None else np.frombuffer(mask, np.bool_))
    return iter(shards.Shards([shard], [""]).records().as_numpy_iterator())


def _write_rows(folder: Path, slices: tuple[str, ...], models: tuple[str, ...]) -> Any:
    return writer.Write(  # pylint: disable=no-value-for-parameter
        key=tfma.ANALYSIS_KEY, ptransform=_WriteRows(f"{folder}/{predictions.ROWS}", slices, models)
    )


class _WriteRows(beam.PTransform):
    """Extracts in, a file of rows out."""

    def __init__(self, prefix: str, slices: tuple[str, ...], models: tuple[str, ...]) -> None:
        super().__init__()
        self._prefix = prefix
        self._slices = slices
        self._models = models

    def expand(self, extracts: beam.PCollection) -> Any:
        """Maps unbatched extracts to what ``WriteToTFRecord`` gives."""
        return (
            extracts
            | "Row" >> beam.Map(row_of, slices=self._slices, models=self._models)
            | "Write" >> beam.io.WriteToTFRecord(self._prefix)
        )


def row_of(extracts: Mapping[str, Any], slices: tuple[str, ...], models: tuple[str, ...]) -> bytes:
    """One image's extracts as a row."""
    image = extracts[tfma.FEATURES_KEY]
    answers = extracts[tfma.PREDICTIONS_KEY]
    # TFMA leaves the model's name out if there is only one model.
    by_model = answers if len(models) > 1 else {models[0]: answers}
    return predictions.row(
        _first(image[features.IMAGE_BYTES]),
        _first(image[features.LABEL]),
        {name: _scores(by_model[name]) for name in models},
        {name: _first(image.get(name)) for name in slices if name != features.LABEL},
    )


def _first(value: Any) -> Any:
    if value is None or getattr(value, "size", 1) == 0:
        return None
    item = value.reshape(-1)[0] if hasattr(value, "reshape") else value
    return item.item() if hasattr(item, "item") else item


def _scores(answer: Any) -> Any:
    return answer[model_layout.SCORES] if isinstance(answer, Mapping) else answer

"""The map: the whole graph, in the order in which the data flows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import v1 as tfx

from components.baseline.strategy import BLESSING, CANDIDATE, MODEL, BaselineStrategy
from components.curated_schema import CuratedSchema
from components.data_check.component import DataCheck
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.sources import further_features
from components.infra_check.component import InfraCheck
from components.pusher.component import Pusher
from components.run_summary.component import RunSummary
from modules import evaluation, features, preprocessing, trainer
from modules.errors import InputError
from modules.settings import Infra, TrainerOptions
from pipeline.config import Config
from pipeline.provenance import source_fingerprint, versions


def create_pipeline(
    config: Config,
    options: TrainerOptions,
    backbone_fingerprint: str,
    pipeline_root: str,
    metadata_connection_config: Any = None,
) -> Any:
    """Builds the graph; nothing runs.

    Of files it reads Thaw's own code, the schema, and the header of a manifest.

    Args:
        config: the whole configuration.
        options: what Trainer gets.
        backbone_fingerprint: of the module's files, so that another module is never taken for it.
        pipeline_root: where artifacts go.
        metadata_connection_config: of ML Metadata, where the runner does not bring its own.

    Returns:
        A ``tfx.dsl.Pipeline``.
    """
    ingest = config.data.ingest()
    columns = further_features(ingest)

    # Encoded images, their labels, facts and further columns, in three splits, as the data names
    # them or by a hash of the bytes; earlier images, if there are any, in a fourth.
    example_gen = ImageExampleGen(
        options=ingest,
        source=source_fingerprint("components.image_example_gen.component"),
    )

    # Statistics of the facts and columns, not of the bytes.
    statistics_gen = tfx.components.StatisticsGen(
        examples=example_gen.outputs["examples"], stats_options=_statistics_options(columns)
    )

    # What an example must look like.
    schema = CuratedSchema(text=_schema_text(config, columns))

    # Anomalies of any split against the schema.
    example_validator = tfx.components.ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema.outputs["schema"]
    )

    # Stops the run here if there are any.
    data_check = DataCheck(
        found=example_validator.outputs["anomalies"],
        ingestion=example_gen.outputs["ingestion"],
        source=source_fingerprint("components.data_check.component"),
    )

    # A graph that turns labels into indices. Nothing is written again: Trainer applies it itself.
    transform = tfx.components.Transform(
        examples=example_gen.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=_path_of(preprocessing.preprocessing_fn),
        splits_config=tfx.proto.SplitsConfig(analyze=[features.TRAIN], transform=[]),
        materialize=False,
        disable_statistics=True,
        custom_config={"source": source_fingerprint("modules.preprocessing")},
    )
    transform.add_upstream_node(data_check)

    # The unfreeze schedule.
    train = tfx.components.Trainer(
        run_fn=_path_of(trainer.run_fn),
        examples=example_gen.outputs["examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=tfx.proto.TrainArgs(splits=[features.TRAIN]),
        eval_args=tfx.proto.EvalArgs(
            splits=[features.VALIDATION, *([features.EARLIER] if config.data.earlier else [])]
        ),
        custom_config={
            trainer.OPTIONS: options.model_dump(mode="json"),
            "backbone": backbone_fingerprint,
            "source": source_fingerprint("modules.trainer"),
        },
    )

    # The latest blessed model, or what the candidate was compared with if it is that model.
    baseline = tfx.dsl.Resolver(
        strategy_class=BaselineStrategy,
        **{
            CANDIDATE: train.outputs["model"],
            MODEL: tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
            BLESSING: tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
        },
    ).with_id("baseline")

    # The gate, on images that no training saw.
    evaluator = tfx.components.Evaluator(
        examples=example_gen.outputs["examples"],
        example_splits=[features.TEST],
        model=train.outputs["model"],
        baseline_model=baseline.outputs[MODEL],
        eval_config=evaluation.eval_config(config.evaluation),
        schema=schema.outputs["schema"],
    )

    # The candidate in a process of its own, sent real images.
    infra_check = InfraCheck(
        model=train.outputs["model"],
        examples=example_gen.outputs["examples"],
        evaluation=evaluator.outputs["evaluation"],
        options=Infra(load_seconds=config.push.load_seconds),
        source=source_fingerprint(
            "components.infra_check.component", "components.infra_check.probe"
        ),
    )

    # The next version, if both have blessed it.
    pusher = Pusher(
        model=train.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(config.serving_dir))
        ),
        custom_config={"source": source_fingerprint("components.pusher.component")},
    )

    # What happened, in one file.
    run_summary = RunSummary(
        options=config.evaluation,
        serving_dir=str(config.serving_dir),
        versions=versions(),
        source=source_fingerprint("components.run_summary.component"),
        examples=example_gen.outputs["examples"],
        ingestion=example_gen.outputs["ingestion"],
        model=train.outputs["model"],
        model_run=train.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        pushed_model=pusher.outputs["pushed_model"],
    )

    return tfx.dsl.Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        components=[
            example_gen,
            statistics_gen,
            schema,
            example_validator,
            data_check,
            transform,
            train,
            baseline,
            evaluator,
            infra_check,
            pusher,
            run_summary,
        ],
        enable_cache=True,
        metadata_connection_config=metadata_connection_config,
        beam_pipeline_args=config.beam.pipeline_args(),
    )


def _statistics_options(columns: Sequence[str]) -> tfdv.StatsOptions:
    return tfdv.StatsOptions(feature_allowlist=[features.LABEL, *features.IMAGE_FACTS, *columns])


def _schema_text(config: Config, columns: Sequence[str]) -> str:
    """The schema's file, and a manifest's further columns where that says nothing of them."""
    path = config.data.schema_file or Path(features.__file__).with_name("schema.pbtxt")
    try:
        text = path.read_text(encoding="utf-8")
        given = text_format.Parse(text, schema_pb2.Schema())
    except (OSError, ValueError, text_format.ParseError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"data.schema: {path} cannot be used ({reason}); give a Schema in protobuf's text "
            "form, such as modules/schema.pbtxt"
        ) from None
    known = {feature.name for feature in given.feature}
    more = schema_pb2.Schema(
        feature=[
            schema_pb2.Feature(name=name, type=schema_pb2.BYTES)
            for name in columns
            if name not in known
        ]
    )
    return text + text_format.MessageToString(more, as_utf8=True)


def _path_of(function: Any) -> str:
    """The import path by which TFX finds user code."""
    return f"{function.__module__}.{function.__name__}"

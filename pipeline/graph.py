"""The whole graph, in the order in which the data flows."""

from typing import Any

from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2

from components.baseline.component import Baseline
from components.evaluator.component import Evaluator
from components.gate.component import Gate
from components.infra_check.component import InfraCheck
from components.model_card.component import ModelCard
from components.pusher.component import Pusher
from components.run_summary.component import RunSummary
from modules import features, preprocessing, trainer
from modules.settings import Override, TrainerOptions
from modules.text import without_secrets
from pipeline.caching.provenance import source_fingerprint, versions
from pipeline.configuration.config import Config
from pipeline.data_nodes import DataFiles, data_nodes, window_nodes
from pipeline.optional_nodes import docker_check, golden_images, lite_exports, warm_start


def create_pipeline(
    config: Config,
    options: TrainerOptions,
    pipeline_root: str,
    forced: Override | None = None,
    records: str = "",
    files: DataFiles | None = None,
    *,
    cold: bool = False,
) -> Any:
    """Builds the graph; nothing runs.

    It reads Thaw's own source, the schema's file and the header of a manifest, and no other files.

    Args:
        config: the whole configuration.
        options: Trainer's; the backbone's fingerprint in them is part of the cache key, so another
            module behind the same handle is trained anew.
        pipeline_root: where artifacts go.
        forced: who blesses this run's candidate, whatever the gate's rules say.
        records: the folder in which each run has a folder with its record; empty for none.
        files: those that say what is known of the data; none if None.
        cold: whether this run's training starts from the pretrained backbone, whatever is served.

    Returns:
        A TFX ``Pipeline`` without a connection to ML Metadata.
    """
    # Encoded images in splits, their statistics, and the check against what they must look like.
    # With a window, all this was done span by span (``pipeline.span_graph``), and the spans in the
    # window are taken.
    files = files or DataFiles()
    data = (
        window_nodes(config, files, judged=not forced)
        if config.data.window
        else data_nodes(config, files, judged=not forced)
    )

    # A graph that turns labels into indices. It reads no images, and writes no data: Trainer
    # applies the graph itself.
    transform = Transform(
        examples=data.examples,
        schema=data.schema,
        preprocessing_fn=_path_of(preprocessing.preprocessing_fn),
        splits_config=transform_pb2.SplitsConfig(analyze=[features.LABELS], transform=[]),
        materialize=False,
        disable_statistics=True,
        custom_config={"source": source_fingerprint("modules.preprocessing")},
    )
    transform.add_upstream_node(data.check)

    training = {
        trainer.OPTIONS: options.model_dump(mode="json"),
        "source": source_fingerprint("modules.trainer", plugins=options.finetune.plugins),
    }

    # The version whose weights the training starts from, if the config asks for a warm start.
    base = warm_start(config, data.examples, training, cold=cold)

    # The unfreeze schedule.
    train = Trainer(
        run_fn=_path_of(trainer.run_fn),
        examples=data.examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=data.schema,
        base_model=base.outputs["base"] if base else None,
        train_args=trainer_pb2.TrainArgs(splits=[features.TRAIN]),
        eval_args=trainer_pb2.EvalArgs(
            splits=[features.VALIDATION, *([features.EARLIER] if config.data.earlier else [])]
        ),
        custom_config=training,
    )

    # The served version. If the candidate itself is already served, the baseline that it was first
    # compared with, so the cache keys stay the same.
    baseline = Baseline(
        model=train.outputs["model"],
        serving_dir=str(config.serving_dir),
        source=source_fingerprint("components.baseline.component"),
    )

    asked = config.evaluation.rules_alone()

    # The fixed images that every model is judged by, if the config names some.
    golden = golden_images(config, files.golden_listing)

    # Predictions and metrics of both models on images that no training has seen.
    evaluator = Evaluator(
        examples=data.examples,
        schema=data.schema,
        model=train.outputs["model"],
        baseline=baseline.outputs["baseline"],
        golden=golden.outputs["examples"] if golden else None,
        options=asked,
        source=source_fingerprint("components.evaluator.component"),
    )

    # Whether a process of its own can serve the candidate, with real images.
    infra_check = InfraCheck(
        model=train.outputs["model"],
        evaluation=evaluator.outputs["evaluation"],
        examples=data.examples,
        options=config.infra,
        source=source_fingerprint(
            "components.infra_check.component", "components.infra_check.probe"
        ),
    )

    # The same in TensorFlow Serving's own container, if the config asks for Docker.
    in_docker = docker_check(config, train, data.examples)

    # The verdict of every rule, and the only blessing.
    gate = Gate(
        model=train.outputs["model"],
        baseline=baseline.outputs["baseline"],
        evaluation=evaluator.outputs["evaluation"],
        infra_blessing=infra_check.outputs["blessing"],
        docker_blessing=in_docker.outputs["blessing"] if in_docker else None,
        options=asked,
        serving_dir=str(config.serving_dir),
        schema=files.schema,
        forced=forced,
        source=source_fingerprint("components.gate.component", plugins=asked.plugins),
    )

    # The model in TensorFlow Lite's formats, if the config asks for some.
    exports = lite_exports(config, options, train, gate, data.examples)

    # A card that describes the model and is pushed with it.
    model_card = ModelCard(
        examples=data.examples,
        ingestion=data.ingestion,
        model=train.outputs["model"],
        model_run=train.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        model_blessing=gate.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        exports=exports.outputs["exports"] if exports else None,
        versions=versions(),
        backbone={"handle": without_secrets(options.handle), "sha256": options.sha256},
        source=source_fingerprint("components.model_card.component"),
    )

    # The next version in the serving folder, if the gate has blessed the model.
    pusher = Pusher(
        model=train.outputs["model"],
        model_blessing=gate.outputs["blessing"],
        card=model_card.outputs["card"],
        exports=exports.outputs["exports"] if exports else None,
        serving_dir=str(config.serving_dir),
        keep=config.push.keep,
        lock_seconds=config.push.lock_seconds,
        records=records,
        source=source_fingerprint("components.pusher.component"),
    )

    # The run's summary.
    run_summary = RunSummary(
        card=model_card.outputs["card"],
        pushed_model=pusher.outputs["pushed_model"],
        serving_dir=str(config.serving_dir),
        source=source_fingerprint("components.run_summary.component"),
    )

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        components=[
            *data.nodes,
            transform,
            *([base] if base else []),
            train,
            baseline,
            *([golden] if golden else []),
            evaluator,
            infra_check,
            *([in_docker] if in_docker else []),
            gate,
            *([exports] if exports else []),
            model_card,
            pusher,
            run_summary,
        ],
        enable_cache=True,
        beam_pipeline_args=config.beam.pipeline_args(),
    )


def _path_of(function: Any) -> str:
    """The import path by which TFX finds user code."""
    return f"{function.__module__}.{function.__name__}"

"""The graph that ingests one span; the spans of a window are trained on together, by another."""

from typing import Any

from tfx.orchestration.pipeline import Pipeline

from components.span_review.component import SpanReview
from pipeline.caching.provenance import source_fingerprint
from pipeline.configuration.config import Config
from pipeline.data_nodes import DataFiles, data_nodes


def create_span_pipeline(config: Config, pipeline_root: str, files: DataFiles, span: int) -> Any:
    """Builds the graph; nothing runs.

    Args:
        config: the whole configuration.
        pipeline_root: where artifacts go.
        files: those that ImageExampleGen's driver keeps.
        span: its number.

    Returns:
        A TFX ``Pipeline`` without a connection to ML Metadata. It has the name of the whole one, so
        that this finds its artifacts.
    """
    # Encoded images in splits, their statistics, and the check against what they must look like. A
    # span need not have enough test images, nor images of each class: the window must.
    data = data_nodes(config, files, span=span, judged=False)

    # The served model's answers to all images, and whether they agree with the labels.
    review = SpanReview(
        examples=data.examples,
        ingestion=data.ingestion,
        serving_dir=str(config.serving_dir),
        min_agreement=config.retrain.quarantine.min_agreement,
        source=source_fingerprint("components.span_review.component"),
    )
    review.add_upstream_node(data.check)

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=pipeline_root,
        components=[*data.nodes, review],
        enable_cache=True,
        beam_pipeline_args=config.beam.pipeline_args(),
    )

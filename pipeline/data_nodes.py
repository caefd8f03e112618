"""The nodes that ingest images and check them: of a whole graph, and of a span's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.types import Channel, standard_artifacts

from components.artifacts import Ingestion
from components.curated_schema import CuratedSchema
from components.data_check.component import DataCheck
from components.data_check.new_values import Accepted
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.sources import further_features, spans
from components.records import domains
from components.records.domains import Domains
from components.window.strategy import WindowStrategy
from modules import features
from modules.gate.skill import least_others
from modules.settings import Evaluation
from pipeline import golden
from pipeline.caching.provenance import source_fingerprint
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.schema import accepted_values, check_slices, columns_of_window, schema_text

_EXAMPLE_GEN = ImageExampleGen.__name__


@dataclass(frozen=True)
class DataNodes:
    """The nodes, in the order in which the data flows, and what they hand on.

    Attributes:
        nodes: all of them.
        examples: the channel of the images.
        ingestion: the channel of the counts.
        schema: the channel of the schema.
        check: the node that must end before anything is trained.
    """

    nodes: list[Any]
    examples: Any
    ingestion: Any
    schema: Any
    check: Any


@dataclass(frozen=True)
class DataFiles:
    """Files of a root that say what is known of the data; each empty for none.

    Attributes:
        listing: which images have been read, so that the next run reads only those that may have
            changed.
        split_book: the splits of the images of earlier spans.
        registry: which spans were ingested; only for a graph with a window.
        schema: which labels and formats a span may have (``components.records.domains``); likewise.
        golden_listing: as ``listing``, of the golden set.
    """

    listing: str = ""
    split_book: str = ""
    registry: str = ""
    schema: str = ""
    golden_listing: str = ""


def data_nodes(
    config: Config, files: DataFiles, *, span: int | None = None, judged: bool = True
) -> DataNodes:
    """Takes images in, and ends the run if they cannot be trained on.

    Args:
        config: the whole configuration.
        files: what the driver keeps.
        span: its number; the latest if None.
        judged: whether there must be enough test images for the gate.
    """
    ingest = config.data.ingest()
    if span is None:
        columns = further_features(ingest)
        check_slices(config, columns)
    else:  # It may lack a column: the window's are looked at.
        columns = further_features(spans.find(ingest, span).options(ingest))

    # Encoded images, their labels, metadata and further columns, in three splits: those that the
    # data names, or by a hash of the bytes. Earlier images, if there are any, are a further split,
    # and so are the labels alone.
    example_gen = ImageExampleGen(
        options=ingest,
        source=source_fingerprint("components.image_example_gen.component", plugins=ingest.plugins),
        listing=files.listing,
        split_book=files.split_book,
        verify=config.data.verify,
        span=span,
        older=_older_fraction(config) if span is not None else None,
        golden=golden.source(config, files.golden_listing),
    )

    # Statistics of the label, the metadata and the columns, not of the bytes.
    statistics_gen = StatisticsGen(
        examples=example_gen.outputs["examples"],
        stats_options=_statistics_options(columns),
        exclude_splits=[features.LABELS],
    )

    # What an example must look like.
    accepted = domains.read(Path(files.schema)) if files.schema else None
    schema = CuratedSchema(text=schema_text(config, columns, accepted))

    # Anomalies of any split against the schema.
    example_validator = ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema.outputs["schema"]
    )

    # Ends the run if there are anomalies, or too few test images for the gate. Those of a single
    # span are not counted: the window's are.
    data_check = DataCheck(
        anomalies=example_validator.outputs["anomalies"],
        ingestion=example_gen.outputs["ingestion"],
        source=source_fingerprint("components.data_check.component"),
        split_book=files.split_book,
        min_examples=config.evaluation.min_examples if judged else 0,
        min_others=_least_others(config.evaluation) if judged else 0,
        accepted=_accepted(config, accepted),
        counts=span is None,
    )
    return DataNodes(
        nodes=[example_gen, statistics_gen, schema, example_validator, data_check],
        examples=example_gen.outputs["examples"],
        ingestion=example_gen.outputs["ingestion"],
        schema=schema.outputs["schema"],
        check=data_check,
    )


def window_nodes(config: Config, files: DataFiles, *, judged: bool = True) -> DataNodes:
    """Takes the images of a window's spans, which graphs of their own have ingested.

    Args:
        config: with a window.
        files: those that lie in the root.
        judged: whether there must be enough test images for the gate.
    """
    assert config.data.window is not None
    columns = columns_of_window(config, Path(files.registry) if files.registry else None)
    check_slices(config, columns)

    # The artifacts of all spans in the window.
    window = Resolver(
        strategy_class=WindowStrategy,
        config={"registry": files.registry, "window": config.data.window.model_dump_json()},
        examples=Channel(type=standard_artifacts.Examples, producer_component_id=_EXAMPLE_GEN),
        ingestion=Channel(
            type=Ingestion, producer_component_id=_EXAMPLE_GEN, output_key="ingestion"
        ),
    ).with_id("Window")

    # What an example must look like; each span was checked against it. The labels that spans may
    # have are not part of it here: each accepted class would train the same images again.
    schema = CuratedSchema(text=schema_text(config, columns))

    # Ends the run if a class has no training image in the window, or if there are too few test
    # images for the gate; or if a class was not accepted, as in a span from before the first push
    # that comes back into the window when a later span is rejected.
    data_check = DataCheck(
        ingestion=window.outputs["ingestion"],
        examples=window.outputs["examples"],
        source=source_fingerprint("components.data_check.component"),
        min_examples=config.evaluation.min_examples if judged else 0,
        min_others=_least_others(config.evaluation) if judged else 0,
        accepted=_accepted(config, domains.read(Path(files.schema)) if files.schema else None),
    )
    return DataNodes(
        nodes=[window, schema, data_check],
        examples=window.outputs["examples"],
        ingestion=window.outputs["ingestion"],
        schema=schema.outputs["schema"],
        check=data_check,
    )


def _accepted(config: Config, known: Domains | None) -> Accepted | None:
    if known is None:
        return None
    root = loading.root_option(config)
    return Accepted(accepted_values(config, known), config=str(config.file), root=root)


def _statistics_options(columns: Sequence[str]) -> tfdv.StatsOptions:
    """What StatisticsGen examines: the label, metadata and further columns, never the bytes."""
    return tfdv.StatsOptions(feature_allowlist=[features.LABEL, *features.IMAGE_METADATA, *columns])


def _older_fraction(config: Config) -> float | None:
    older = config.data.window.older if config.data.window else None
    return older.fraction if older else None


def _least_others(options: Evaluation) -> int:
    return least_others(options.confidence) if options.no_skill == "refuse" else 0

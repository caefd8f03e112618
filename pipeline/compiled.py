"""A pipeline that is checked, prepared and compiled: everything that a scheduler needs.

It is written as two files. Reading them imports neither TensorFlow nor TFX, so a scheduler that
reads the nodes again and again spends milliseconds on it, not the seconds of these imports.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from components.disk import replace_whole
from modules.errors import InputError
from modules.settings import Options, Override, TrainerOptions
from modules.text import as_json
from pipeline.caching.cache_keys import names_of_paths
from pipeline.caching.provenance import versions
from pipeline.configuration.config import Config
from pipeline.state.root import Root

FORMAT: Literal[1] = 1
NODES_FILE = "nodes.json"
GRAPH_FILE = "pipeline.pb"


class CompiledNode(Options):
    """A node, as far as a scheduler needs to know it.

    Attributes:
        id: such as ``ImageExampleGen``.
        upstream: ids of the nodes that must end before this node begins, sorted.
        source: fingerprint of the code that it runs; empty for a node that runs none of Thaw's.
    """

    id: str
    upstream: tuple[str, ...]
    source: str

    @property
    def name(self) -> str:
        """The name in the display and the summary, such as ``image_example_gen``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.id).lower()


class CompiledPipeline(Options):
    """Everything that is decided before the first node runs; the same inputs give the same bytes.

    It holds neither a run's id nor a connection to ML Metadata.

    Attributes:
        format: the version of the files' form.
        pipeline: the pipeline's name, under which ML Metadata keeps the nodes' work.
        root: the folder that the nodes write to.
        versions: the versions of Python and the packages.
        trainer: the options that Trainer gets, with the fingerprint of the backbone's files; None
            for a graph without it.
        plugins: the folder that the user's own code is searched in; None where none is called.
        places: paths that must not count in cache keys, and the names that replace them there.
        nodes: all nodes, in an order in which they can run.
        graph: TFX's intermediate representation, serialized.
    """

    format: Literal[1] = FORMAT
    pipeline: str
    root: Path
    versions: dict[str, str]
    trainer: TrainerOptions | None = None
    plugins: Path | None = None
    places: dict[str, str]
    nodes: tuple[CompiledNode, ...]
    graph: Annotated[bytes, Field(exclude=True, repr=False)]

    def node(self, node_id: str) -> CompiledNode:
        """The node of this id.

        Raises:
            InputError: when there is none.
        """
        nodes = {node.id: node for node in self.nodes}
        if node_id not in nodes:
            raise InputError(
                f"NODE: got {node_id!r}, and the pipeline {self.pipeline} has no such node; name "
                f"one of {', '.join(nodes)}"
            )
        return nodes[node_id]

    def parsed_graph(self) -> Any:
        """The graph as TFX's ``Pipeline`` message; imports protobuf, and still no TensorFlow."""
        from tfx.proto.orchestration import pipeline_pb2

        return pipeline_pb2.Pipeline.FromString(self.graph)

    def write(self, folder: Path) -> None:
        """Writes both files, each whole or not at all; raises ``OSError``."""
        described = {**self.model_dump(mode="json"), "graph_sha256": _sha256(self.graph)}
        replace_whole(folder / GRAPH_FILE, self.graph)
        replace_whole(folder / NODES_FILE, (as_json(described, indent=1) + "\n").encode())


def read_compiled(folder: Path) -> CompiledPipeline:
    """Reads the files that ``CompiledPipeline.write`` has written.

    Raises:
        InputError: when a file is missing or damaged, has another format, or belongs to another
            pipeline than the other file.
    """
    try:
        described = json.loads((folder / NODES_FILE).read_text(encoding="utf-8"))
        graph = (folder / GRAPH_FILE).read_bytes()
        if described.get("format") != FORMAT:
            problem = f"has the format {described.get('format')!r}, and this Thaw reads {FORMAT}"
        elif described.pop("graph_sha256", None) != _sha256(graph):
            problem = f"describes another graph than that in {GRAPH_FILE}"
        else:
            return CompiledPipeline.model_validate({**described, "graph": graph})
    except OSError as error:
        problem = f"and {GRAPH_FILE} cannot be read ({error.strerror})"
    except (ValueError, AttributeError, ValidationError) as error:
        problem = f"is damaged ({type(error).__name__})"
    raise InputError(f"{folder / NODES_FILE} {problem}; compile the pipeline again")


def compile_pipeline(
    config: Config,
    options: TrainerOptions,
    forced: Override | None = None,
    *,
    cold: bool = False,
) -> CompiledPipeline:
    """Builds and compiles the whole graph; nothing runs.

    Args:
        config: the whole configuration.
        options: the options that Trainer gets.
        forced: who blesses the candidate, whatever the gate's rules say.
        cold: whether the training starts from the pretrained backbone, whatever is served.

    Raises:
        InputError: when the schema cannot be used.
    """
    from pipeline.data_nodes import DataFiles
    from pipeline.graph import create_pipeline

    root = Root(config.root)
    return _compiled(
        config,
        create_pipeline(
            config,
            options,
            pipeline_root=str(root.artifacts),
            forced=forced,
            records=str(root.runs),
            files=DataFiles(
                listing=str(root.listing),
                split_book=str(root.split_book),
                registry=str(root.spans),
                schema=str(root.schema) if config.data.window else "",
                golden_listing=str(root.golden_listing),
            ),
            cold=cold,
        ),
        options,
    )


def compile_span(config: Config, span: int) -> CompiledPipeline:
    """Builds and compiles the graph that ingests one span; nothing runs.

    Raises:
        InputError: when the schema cannot be used.
    """
    from pipeline.data_nodes import DataFiles
    from pipeline.span_graph import create_span_pipeline

    root = Root(config.root)
    files = DataFiles(
        listing=str(root.listing_of(span)),
        split_book=str(root.split_book),
        schema=str(root.schema),
        golden_listing=str(root.golden_listing),
    )
    return _compiled(config, create_span_pipeline(config, str(root.artifacts), files, span))


def _compiled(
    config: Config, pipeline: Any, trainer: TrainerOptions | None = None
) -> CompiledPipeline:
    from tfx.dsl.compiler import compiler
    from tfx.proto.orchestration import pipeline_pb2

    graph: Any = compiler.Compiler().compile(pipeline)
    # The maps of a message have no order, neither in the graph nor in the message packed into it.
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    graph.deployment_config.Unpack(deployment)
    graph.deployment_config.Pack(deployment, deterministic=True)
    return CompiledPipeline(
        pipeline=config.name,
        root=config.root,
        versions=versions(),
        trainer=trainer,
        plugins=config.file.parent if config.plugins else None,
        places=names_of_paths(config),
        nodes=tuple(_described(node.pipeline_node) for node in graph.nodes),
        graph=graph.SerializeToString(deterministic=True),
    )


def _described(node: Any) -> CompiledNode:
    parameters = {
        key: parameter.field_value.string_value
        for key, parameter in node.parameters.parameters.items()
    }
    # Transform and Trainer, which are TFX's own, take the fingerprint of user code among others.
    custom = json.loads(parameters.get("custom_config") or "{}") or {}
    return CompiledNode(
        id=node.node_info.id,
        upstream=tuple(sorted(node.upstream_nodes)),
        source=parameters.get("source") or custom.get("source", ""),
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

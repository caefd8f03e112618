"""How TFX is had to do what a run on this machine needs."""

from pathlib import Path
from typing import Any

from pipeline.config import Config


def places_of(config: Config) -> dict[str, str]:
    """Paths that say nothing of what lies there, whose content is in the cache's keys besides."""
    named = {
        str(config.root): "<root>",
        config.data.path: "<data>",
        config.data.earlier or "": "<earlier>",
        config.data.image_root or "": "<images>",
        config.backbone.handle: "<backbone>",
    }
    return {path: name for path, name in named.items() if Path(path).is_absolute()}


def compiled(graph: Any, run_id: str) -> Any:
    """The graph in TFX's intermediate form, with our name for the run."""
    from tfx.dsl.compiler import compiler, constants
    from tfx.orchestration.portable import runtime_parameter_utils

    ir = compiler.Compiler().compile(graph)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    return ir


def short_name(node_id: str) -> str:
    """``ImageExampleGen`` as ``image_example_gen``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in node_id).lstrip("_")

"""A pipeline that is compiled without its backbone being loaded."""

from pathlib import Path

from modules.settings import ImageSpec, TrainerOptions
from pipeline.compiled import CompiledPipeline, compile_pipeline
from pipeline.configuration import loading
from tests.conftest import PROJECT


def compiled_digits(root: Path) -> CompiledPipeline:
    """The digits' pipeline with this root."""
    config = loading.load(PROJECT / "configs" / "digits.yaml", (), root)
    options = TrainerOptions(
        handle=config.backbone.handle,
        sha256="f" * 64,
        image=ImageSpec(height=32, width=32),
        finetune=config.finetune,
    )
    return compile_pipeline(config, options)

"""The nodes that a graph has only if the config asks for them."""

from typing import Any

from tfx.components.infra_validator.component import InfraValidator

from components.exports.component import Exports
from components.infra_check.component import docker_specs
from modules.settings import TrainerOptions
from pipeline.caching.provenance import source_fingerprint
from pipeline.configuration.config import Config


def docker_check(config: Config, train: Any, example_gen: Any) -> Any:
    """Returns TFX's InfraValidator if the config asks for Docker, else None."""
    if config.infra.validator != "docker":
        return None
    return InfraValidator(
        model=train.outputs["model"],
        examples=example_gen.outputs["examples"],
        **docker_specs(config.infra),
    )


def lite_exports(
    config: Config, options: TrainerOptions, train: Any, gate: Any, images: Any
) -> Any:
    """Returns the node that exports to TensorFlow Lite if the config asks for it, else None."""
    if not config.push.exports:
        return None
    return Exports(
        model=train.outputs["model"],
        model_blessing=gate.outputs["blessing"],
        examples=images.outputs["examples"],
        kinds=config.push.exports,
        min_agreement=config.push.min_agreement,
        image=options.image,
        source=source_fingerprint(
            "components.exports.component", "components.exports.convert_worker"
        ),
    )

"""The nodes that a graph has only if the config asks for them."""

import json
from typing import Any

from components.exports.component import Exports
from components.image_example_gen.component import ImageExampleGen
from components.infra_check.component import DockerCheck, docker_specs
from components.warm_start.component import WarmStart
from modules import trainer
from modules.settings import TrainerOptions
from pipeline.caching.provenance import source_fingerprint
from pipeline.configuration.config import Config

_PLACES = ("path", "earlier", "image_root")  # keys of ``data``


def warm_start(config: Config, examples: Any, custom_config: dict[str, Any], *, cold: bool) -> Any:
    """Returns the node that chooses the base of a warm start if the config asks for one, else None.

    Args:
        config: the whole configuration.
        examples: the channel of the images.
        custom_config: what Trainer gets.
        cold: whether the user wants a cold start this once.
    """
    if not config.finetune.warm_start.is_asked_for:
        return None
    # Places do not count: the digests of what lies there are in the fingerprint of the data and in
    # Trainer's options.
    options = {**custom_config[trainer.OPTIONS], "checkpoints": ""}
    if options["sha256"]:
        options["handle"] = ""
    recipe = {
        **custom_config,
        trainer.OPTIONS: options,
        "data": config.data.ingest().model_dump(mode="json", exclude={*_PLACES}),
        "read_by": source_fingerprint(
            "components.image_example_gen.component",
            "modules.preprocessing",
            plugins=config.data.plugins,
        ),
    }
    return WarmStart(
        examples=examples,
        serving_dir=str(config.serving_dir),
        recipe=json.dumps(recipe, sort_keys=True),
        cold=cold,
        source=source_fingerprint("components.warm_start.component"),
    )


def golden_images(config: Config, listing: str) -> Any:
    """Returns the node that ingests the golden set if the config names one, else None.

    Args:
        config: the whole configuration.
        listing: the file that keeps what was read of the set; empty for none.
    """
    options = config.golden_ingest
    if not options:
        return None
    return ImageExampleGen(
        options=options,
        source=source_fingerprint(
            "components.image_example_gen.component", plugins=options.plugins
        ),
        listing=listing,
        verify=config.data.verify,
    ).with_id("GoldenExampleGen")


def docker_check(config: Config, train: Any, examples: Any) -> Any:
    """Returns TFX's InfraValidator if the config asks for Docker, else None."""
    if config.infra.validator != "docker":
        return None
    node = DockerCheck(
        model=train.outputs["model"], examples=examples, **docker_specs(config.infra)
    )
    return node.with_id("InfraValidator")


def lite_exports(
    config: Config, options: TrainerOptions, train: Any, gate: Any, examples: Any
) -> Any:
    """Returns the node that exports to TensorFlow Lite if the config asks for it, else None."""
    if not config.push.exports:
        return None
    return Exports(
        model=train.outputs["model"],
        model_blessing=gate.outputs["blessing"],
        examples=examples,
        kinds=config.push.exports,
        min_agreement=config.push.min_agreement,
        image=options.image,
        source=source_fingerprint(
            "components.exports.component", "components.exports.convert_worker"
        ),
    )

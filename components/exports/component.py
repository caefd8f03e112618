"""The node; ``convert`` and ``convert_worker`` do the work."""

import json
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.artifacts import Exports as ExportsArtifact
from components.artifacts import folder_of, patterns_of
from components.exports.convert import make
from components.node_spec import filled, node_spec
from components.records.model import write_exports
from modules import features
from modules.settings import ImageSpec


class Executor(base_executor.BaseExecutor):
    """Makes the forms that the config asks for, of a model that the gate blessed."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        folder = folder_of(output_dict, "exports")
        folder.mkdir(parents=True, exist_ok=True)
        (blessing,) = input_dict["model_blessing"]
        blessed = blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY) == 1
        kinds = json.loads(exec_properties["kinds"]) if blessed else []
        model = artifact_utils.get_single_uri(input_dict["model"])
        job = {
            "model": path_utils.serving_model_path(model),
            "image": json.loads(exec_properties["image"]),
            "sample": patterns_of(input_dict, features.VALIDATION),
            "test": patterns_of(input_dict, features.TEST),
        }
        least = exec_properties["min_agreement"]
        write_exports(folder, [make(kind, job, folder, least) for kind in kinds])


class Exports(base_component.BaseComponent):
    """Makes other forms of a blessed model.

    Args:
        kinds: the forms to make.
        min_agreement: the least share of test images to which a form must give the model's label.
        image: what the model's pixels are.
        source: fingerprint of the code, for the cache's key.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``.
    """

    SPEC_CLASS = node_spec(
        properties={"kinds": str, "min_agreement": float, "image": str, "source": str},
        inputs={
            "model": standard_artifacts.Model,
            "model_blessing": standard_artifacts.ModelBlessing,
            "examples": standard_artifacts.Examples,
        },
        outputs={"exports": ExportsArtifact},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        kinds: tuple[str, ...],
        min_agreement: float,
        image: ImageSpec,
        source: str,
        **inputs: types.BaseChannel,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                kinds=json.dumps(kinds),
                min_agreement=min_agreement,
                image=image.model_dump_json(),
                source=source,
            )
        )

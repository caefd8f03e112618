"""The node; ``subprocess_check`` and ``probe`` do the work."""

import importlib.metadata
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.infra_validator.component import InfraValidator
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.proto import infra_validator_pb2
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.artifacts import folder_of, patterns_of
from components.driver import PropertiesDriver
from components.infra_check import samples
from components.infra_check.executor import DockerExecutor
from components.infra_check.subprocess_check import check
from components.node_spec import filled, node_spec
from components.records.infra import write_infra
from modules import features, model_layout
from modules.gate.predictions import read_scores
from modules.images import encoded
from modules.settings import Infra

MODEL_ID = "current_model_id"  # on the blessing: the id of the model that was checked
_BLESSED = "blessed"  # the property that TFX's InfraValidator writes and its Pusher reads
_REFUSALS = "refusals"


class Driver(PropertiesDriver):
    """Lets the cache answer only for a model that passed.

    A crash or a timeout may have been the machine's fault, so a model that was refused is tried
    again: the number of its refusals is part of the cache's key, and grows with each.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """How often the model was refused, as a property."""
        model = artifact_utils.get_single_instance(inputs["model"])
        with self._mlmd_connection as metadata:
            blessings = metadata.store.get_artifacts_by_type(
                standard_artifacts.InfraBlessing.TYPE_NAME
            )
        refused = [
            properties
            for properties in (blessing.custom_properties for blessing in blessings)
            if MODEL_ID in properties
            and properties[MODEL_ID].int_value == model.id
            and properties[_BLESSED].int_value != 1
        ]
        return {_REFUSALS: str(len(refused))}


class Executor(base_executor.BaseExecutor):
    """Sends test images, with the scores that the Evaluator saw, to the candidate."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``SPEC_CLASS``."""
        model = artifact_utils.get_single_instance(input_dict["model"])
        test = patterns_of(input_dict, features.TEST)
        known = read_scores(str(folder_of(input_dict, "evaluation")), samples.COUNT)
        outcome = check(
            path_utils.serving_model_path(model.uri),
            samples.choose(encoded.read(test), known),
            Infra.model_validate_json(exec_properties["options"]),
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessing.set_int_custom_property(_BLESSED, int(outcome.passed))
        blessing.set_int_custom_property(MODEL_ID, model.id)
        write_infra(Path(blessing.uri), outcome.as_record())


class InfraCheck(base_component.BaseComponent):
    """Blesses a model that a process of its own can serve, and that answers as it should.

    A model that crashes, hangs, or answers wrongly is not blessed; the pipeline goes on.

    Args:
        options: what is asked.
        source: fingerprint of the code, for the cache's key.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``: the candidate, the examples whose test
            images are sent, and the evaluation with the scores that the Evaluator saw.
    """

    SPEC_CLASS = node_spec(
        properties={"options": str, "source": str},
        inputs={
            "model": standard_artifacts.Model,
            "examples": standard_artifacts.Examples,
            "evaluation": standard_artifacts.ModelEvaluation,
        },
        outputs={"blessing": standard_artifacts.InfraBlessing},
        by_driver=[_REFUSALS],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, options: Infra, source: str, **inputs: types.BaseChannel) -> None:
        super().__init__(
            filled(self.SPEC_CLASS, inputs, options=options.model_dump_json(), source=source)
        )


class DockerCheck(InfraValidator):
    """TFX's InfraValidator, for the examples of one artifact or of several."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DockerExecutor)


def docker_specs(options: Infra) -> dict[str, Any]:
    """What TFX's InfraValidator takes beside a model and examples, for ``validator: docker``.

    InfraValidator loads the model into TensorFlow Serving's image, of the version of the API that
    is installed here, and sends it a few whole records, which ``serving_examples`` takes.

    Args:
        options: whose ``load_seconds`` holds there too.

    Returns:
        ``serving_spec``, ``request_spec`` and ``validation_spec``.
    """
    version = importlib.metadata.version("tensorflow-serving-api")
    return {
        "serving_spec": infra_validator_pb2.ServingSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServing(tags=[version]),
            local_docker=infra_validator_pb2.LocalDockerConfig(),
        ),
        "request_spec": infra_validator_pb2.RequestSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServingRequestSpec(
                signature_names=[model_layout.SERVE_EXAMPLES]
            ),
            split_name=features.TEST,
            num_examples=3,
        ),
        "validation_spec": infra_validator_pb2.ValidationSpec(
            max_loading_time_seconds=max(1, round(options.load_seconds)), num_tries=1
        ),
    }

"""The node; ``judge`` has the logic, and ``modules.gate`` the rules."""

import json
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils, path_utils

from components.artifacts import Baseline as BaselineArtifact
from components.artifacts import folder_of
from components.driver import PropertiesDriver
from components.gate.judge import judge_candidate
from components.node_spec import filled, node_spec
from components.records import domains
from components.records.baseline import read_choice
from components.records.gate import write_gate
from components.records.infra import read_infra
from components.serving import versions
from modules import model_layout
from modules.settings import Evaluation, Override

_FORCED = "forced"
_WITHDRAWN = "withdrawn"
_REMOVED = "removed"


class Driver(PropertiesDriver):
    """Looks up what the serving folder says of this very model, and which classes may be lost."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Whether the model was withdrawn, who forced it, and which classes a person removed.

        An earlier run's force counts if the model is served for that reason.
        """
        (model,) = inputs["model"]
        serving_dir = Path(properties["serving_dir"])
        forced = properties[_FORCED]
        served = versions.served_version(serving_dir, model.uri)
        if not forced and served is not None:
            forced = str(versions.read_note(serving_dir, served).get(versions.FORCED) or "")
        withdrawal = ""
        for note in versions.withdrawn(serving_dir):
            # A model that is served again was forced, or lies there under an earlier number too.
            counts = served is None or forced
            if note.get(versions.MODEL) == model.uri and counts:
                version, time = note["version"], note[versions.WITHDRAWN_AT]
                withdrawal = f"this model was version {version}, withdrawn {time}"
        removed = None
        if properties["schema"]:
            removed = _removed(Path(properties["schema"]), model, is_served=served is not None)
        return {_FORCED: forced, _WITHDRAWN: withdrawal, _REMOVED: json.dumps(removed)}


class Executor(base_executor.BaseExecutor):
    """Writes ``gate.json``, and the properties that TFX knows a blessing by."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        forced = exec_properties[_FORCED]
        verdict = judge_candidate(
            str(folder_of(input_dict, "evaluation")),
            read_infra(folder_of(input_dict, "infra_blessing")),
            Evaluation.model_validate_json(exec_properties["options"]),
            withdrawn=exec_properties[_WITHDRAWN],
            forced=Override.model_validate_json(forced) if forced else None,
            in_docker=_in_docker(input_dict.get("docker_blessing")),
            removed=json.loads(exec_properties[_REMOVED]),
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        (model,) = input_dict["model"]
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
        )
        blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_BLESSED_KEY,
            constants.BLESSED_VALUE if verdict.passed else constants.NOT_BLESSED_VALUE,
        )
        name = constants.BLESSED_FILE_NAME if verdict.passed else constants.NOT_BLESSED_FILE_NAME
        io_utils.write_string_file(f"{blessing.uri}/{name}", "")
        choice = read_choice(folder_of(input_dict, "baseline"))
        write_gate(Path(blessing.uri), verdict.as_json(), choice)


def _removed(schema: Path, model: Any, *, is_served: bool) -> list[str]:
    """The classes that the candidate lacks and a person took out of the root's schema.

    Of a model that is served, classes that were accepted again since then count as well: what was
    true when it was judged stays true of it.
    """
    known = domains.read(schema)
    removed = known.removed_labels(ever=is_served) if known else set()
    folder = Path(path_utils.serving_model_path(model.uri))
    return sorted(removed - set(model_layout.read_labels(folder))) if removed else []


def _in_docker(blessings: list[Any] | None) -> bool | None:
    """Whether TFX's InfraValidator blessed the model; None if the graph has no InfraValidator."""
    if not blessings:
        return None
    return bool(blessings[0].get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY) == 1)


class Gate(base_component.BaseComponent):
    """Blesses or refuses a candidate.

    Args:
        options: the rules' options.
        serving_dir: the folder of the versions.
        schema: the file of ``components.records.domains``; empty for none.
        forced: who blesses it whatever the rules say.
        source: fingerprint of the code, for the cache's key.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``, None for one that is left out.
    """

    SPEC_CLASS = node_spec(
        # FORCED is the JSON of an Override, or empty.
        properties={"options": str, "serving_dir": str, "schema": str, _FORCED: str, "source": str},
        inputs={
            "model": standard_artifacts.Model,
            "baseline": BaselineArtifact,
            "evaluation": standard_artifacts.ModelEvaluation,
            "infra_blessing": standard_artifacts.InfraBlessing,
            # TFX's own InfraValidator's, where the config asks for Docker.
            "docker_blessing": standard_artifacts.InfraBlessing,
        },
        outputs={"blessing": standard_artifacts.ModelBlessing},
        by_driver=[_WITHDRAWN, _REMOVED],
        optional=["docker_blessing"],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        options: Evaluation,
        serving_dir: str,
        schema: str,
        forced: Override | None,
        source: str,
        **inputs: types.BaseChannel | None,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                options=options.model_dump_json(),
                serving_dir=serving_dir,
                schema=schema,
                forced=forced.model_dump_json() if forced else "",
                source=source,
            )
        )

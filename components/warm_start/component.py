"""The node; ``selection`` has the rule."""

from pathlib import Path
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.artifacts import folder_of
from components.driver import PropertiesDriver
from components.node_spec import filled, node_spec
from components.records import window_data
from components.warm_start import selection
from modules.finetune import model_record
from modules.finetune.model_record import Base, Start

_CHOICE = "choice"
_TASK = "task"
_COLD = "cold"


class Driver(PropertiesDriver):
    """Looks into the serving folder, so that the cache's key depends on what is served."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """The choice and the task, as properties."""
        data = window_data.fingerprint(inputs["examples"])
        task = selection.fingerprint(data, properties["recipe"])
        serving_dir = Path(properties["serving_dir"])
        base = selection.choose(serving_dir, task, cold=bool(properties.get(_COLD)))
        return {
            _CHOICE: base.model_dump_json(),
            _TASK: task,
            # The choice says it: a cold start that was pushed stays the start of its task.
            _COLD: "",
        }


class Executor(base_executor.BaseExecutor):
    """Copies what the training needs of the version, and writes the choice down."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        del input_dict
        # Trainer takes a base model from where TFX keeps a servable one.
        folder = Path(path_utils.serving_model_path(str(folder_of(output_dict, "base"))))
        base = Base.model_validate_json(exec_properties[_CHOICE])
        taken = selection.take(Path(exec_properties["serving_dir"]), base, folder)
        model_record.write_start(Start(task=exec_properties[_TASK], base=taken), folder)


class WarmStart(base_component.BaseComponent):
    """Chooses the model whose weights the training starts from.

    Args:
        examples: what is trained on; their fingerprint is part of the task's.
        serving_dir: the folder of the versions.
        recipe: the code and the config that are trained with, as text.
        cold: whether to start from the pretrained backbone this once.
        source: fingerprint of the code, for the cache's key.
    """

    SPEC_CLASS = node_spec(
        properties={"serving_dir": str, "recipe": str, _COLD: str, "source": str},
        inputs={"examples": standard_artifacts.Examples},
        outputs={"base": standard_artifacts.Model},
        by_driver=[_CHOICE, _TASK],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        examples: types.BaseChannel,
        serving_dir: str,
        recipe: str,
        source: str,
        *,
        cold: bool = False,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                {"examples": examples},
                serving_dir=serving_dir,
                recipe=recipe,
                cold="yes" if cold else "",
                source=source,
            )
        )

"""The node: pushes versions that appear whole, with their summary and card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import executor as tfx_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Exports, ModelCard, folder_of
from components.driver import PropertiesDriver
from components.node_spec import filled, node_spec
from components.records.card import TEXT_FILE, read_card
from components.records.gate import read_gate
from components.records.model import read_exports
from components.records.run import RunRecord
from components.records.summary import RECORD_FILE, SUMMARY_FILE
from components.serving import versions
from components.serving.push import push

_STATE = "state"


class Driver(PropertiesDriver):
    """Lets the cache answer only if the model is served already.

    The inputs do not say what the serving folder holds: it may have been emptied since, or hold a
    newer version of another model.
    """

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """The served version of this model, or else a property that no other run has."""
        (model,) = inputs["model"]
        served = versions.served_version(Path(properties["serving_dir"]), model.uri)
        return {_STATE: f"version {served}" if served else f"not served, {versions.utc_now()}"}


class Executor(tfx_executor.Executor):
    """Pushes what the gate blessed."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX; marks the ``pushed_model`` artifact as pushed or not."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        # TFX hashes the folder of every output artifact, so there must be one.
        Path(pushed.uri).mkdir(parents=True, exist_ok=True)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        serving_dir = Path(exec_properties["serving_dir"])
        (model,) = input_dict["model"]
        version = versions.served_version(serving_dir, model.uri)
        if version is None:
            run_id = str(self._context.pipeline_run_id) if self._context else ""
            blessing = folder_of(input_dict, "model_blessing")
            card = folder_of(input_dict, "card")
            record = _record(exec_properties["records"], run_id)
            version = push(
                Path(self.GetModelPath(input_dict)),
                serving_dir,
                _note(run_id, model.uri, blessing),
                extra=lambda number: {
                    **_extra(card, run_id, number, serving_dir, record),
                    **_exported(input_dict),
                },
                keep=exec_properties["keep"],
                wait=exec_properties["lock_seconds"],
            )
        pushed_by = str(versions.read_note(serving_dir, version)[versions.RUN_ID])
        pushed.set_string_custom_property(versions.RUN_ID, pushed_by)
        self._MarkPushed(
            pushed,
            pushed_destination=str(serving_dir / str(version)),
            pushed_version=str(version),
        )


def _note(run_id: str, model: str, blessing: Path) -> dict[str, Any]:
    """The version's note of how it came to be; the drivers of later runs read it."""
    gate, choice = read_gate(blessing)
    forced = gate.forced.model_dump_json() if gate.forced else ""
    return {
        versions.RUN_ID: run_id,
        versions.MODEL: model,
        versions.BASELINE: choice.as_text(),
        versions.FORCED: forced,
    }


def _record(records: str, run_id: str) -> RunRecord | None:
    """What it takes to repeat the run; None if its runner has not kept it."""
    path = Path(records, run_id, RECORD_FILE)
    if not records or not path.is_file():
        return None
    return RunRecord.model_validate_json(path.read_text(encoding="utf-8"))


def _extra(
    folder: Path, run_id: str, version: int, serving_dir: Path, record: RunRecord | None
) -> Mapping[str, bytes]:
    """The summary and the card, which travel with the version."""
    summary = read_card(folder).summary_of(
        run_id=run_id,
        status="pushed",
        model_version=version,
        serving_dir=str(serving_dir),
        run=record,
    )
    return {
        SUMMARY_FILE: summary.as_text().encode(),
        TEXT_FILE: (folder / TEXT_FILE).read_bytes(),
    }


def _exported(inputs: dict[str, list[Any]]) -> Mapping[str, bytes]:
    """The model's other forms that may be pushed, by file name; empty if the graph makes none."""
    if not inputs.get("exports"):
        return {}
    folder = folder_of(inputs, "exports")
    names = [export.file for export in read_exports(folder) if export.passed]
    return {name: (folder / name).read_bytes() for name in names}


class Pusher(base_component.BaseComponent):
    """Adds a version to the folder that a server watches.

    Args:
        serving_dir: that folder.
        keep: how many versions stay.
        lock_seconds: how long to wait while another process holds the folder.
        records: the folder of runs, in which the runner keeps a ``RECORD_FILE`` for each; or empty.
        source: fingerprint of the code.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``, None for one that is left out.
    """

    SPEC_CLASS = node_spec(
        properties={
            "serving_dir": str,
            "keep": int,
            "lock_seconds": float,
            "records": str,
            "source": str,
        },
        inputs={
            "model": standard_artifacts.Model,
            "model_blessing": standard_artifacts.ModelBlessing,
            "card": ModelCard,
            "exports": Exports,
        },
        outputs={"pushed_model": standard_artifacts.PushedModel},
        by_driver=[_STATE],
        optional=["exports"],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self,
        serving_dir: str,
        keep: int,
        lock_seconds: float,
        records: str,
        source: str,
        **inputs: types.BaseChannel | None,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                serving_dir=serving_dir,
                keep=keep,
                lock_seconds=lock_seconds,
                records=records,
                source=source,
            )
        )

"""What the gate's driver finds in the serving folder of the very model that is judged."""

from pathlib import Path
from types import SimpleNamespace

from components.gate.component import Driver
from components.serving.push import push
from components.serving.restore import restore
from components.serving.rollback import rollback
from tests.components.serving.processes import model


def withdrawn(serving: Path, uri: str) -> str:
    properties = {"serving_dir": str(serving), "forced": ""}
    inputs = {"model": [SimpleNamespace(uri=uri)]}
    return Driver(None).changes(properties, inputs)["withdrawn"]


def test_a_model_counts_as_withdrawn_until_its_version_is_restored(tmp_path: Path) -> None:
    serving, source = tmp_path / "serving", model(tmp_path / "source", parts=2)
    _, second = [push(source, serving, {"model": uri}) for uri in ("/a", "/b")]
    assert withdrawn(serving, "/b") == ""
    rollback(serving, by="ann")
    assert withdrawn(serving, "/b").startswith(f"this model was version {second}, withdrawn 2")
    assert withdrawn(serving, "/a") == ""
    restore(serving, second, by="ann")
    assert withdrawn(serving, "/b") == ""

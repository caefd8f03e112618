"""What the gate's driver finds in the serving folder of the very model that is judged."""

import json
from pathlib import Path
from types import SimpleNamespace

from components.gate.component import Driver
from components.records import domains
from components.records.domains import Domains
from components.serving.push import push
from components.serving.restore import restore
from components.serving.rollback import rollback
from modules import model_layout
from tests.components.serving.processes import model


def withdrawn(serving: Path, uri: str) -> str:
    properties = {"serving_dir": str(serving), "forced": "", "schema": ""}
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


def test_removed_classes_that_the_candidate_lacks_are_part_of_the_key(tmp_path: Path) -> None:
    uri, serving = str(tmp_path / "model"), tmp_path / "serving"
    candidate = model(Path(uri, "Format-Serving"), parts=2)
    model_layout.write_labels(["a", "b"], candidate)
    schema = tmp_path / "schema.pbtxt"

    def removed(path: str = str(schema)) -> object:
        properties = {"serving_dir": str(serving), "forced": "", "schema": path}
        inputs = {"model": [SimpleNamespace(uri=uri)]}
        return json.loads(Driver(None).changes(properties, inputs)["removed"])

    assert removed("") is None
    assert removed() == []
    known = Domains({"label": ("a", "b", "c", "d")})
    domains.write(schema, known)
    assert removed() == []
    known = known.changed("remove", {"label": ("a", "c")}, by="Ada", at="")
    domains.write(schema, known)
    assert removed() == ["c"]
    # A served model stays as it was judged, though the class is accepted again.
    domains.write(schema, known.changed("accept", {"label": ("c",)}, by="Ada", at=""))
    assert removed() == []
    push(candidate, serving, {"model": uri})
    assert removed() == ["c"]

"""The configuration's types: what counts as a path, and which keys a cache key depends on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from modules.settings import Ingest, Options, paths
from pipeline.configuration import loading
from pipeline.configuration.config import Config, Data

WHOLE = "data: {path: photos, schema: s.pbtxt}\nbackbone: {handle: module}\n"
PATH_NAMES = ("path", "dir", "root", "file", "handle")


def written(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "birds.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def parts_of(annotation: Any) -> Iterator[Any]:
    """A type, all types within it, and the marks on them."""
    yield annotation
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for part in get_args(annotation):
        yield from parts_of(part)


def fields_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Each key of a model, and of those within it, with the parts of its type."""
    for name, field in model.model_fields.items():
        parts = [*field.metadata, *parts_of(field.annotation)]
        yield f"{above}{name}", parts
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from fields_of(part, f"{above}{name}.")


def undescribed(model: type[BaseModel], above: str = "") -> list[str]:
    """The keys, of a model and of those within it, that no text describes."""
    lacking = []
    for name, field in model.model_fields.items():
        lacking += [] if field.description else [f"{above}{name}"]
        for part in parts_of(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                lacking += undescribed(part, f"{above}{name}.")
    return lacking


def unresolved(model: type[BaseModel]) -> list[str]:
    """The keys that hold a path, by their type or their name, and do not resolve it."""
    return [
        key
        for key, parts in fields_of(model)
        if (Path in parts or key.endswith(PATH_NAMES))
        and not any(isinstance(part, paths.PathRule) for part in parts)
    ]


def test_each_key_that_holds_a_path_resolves_it() -> None:
    assert unresolved(Config) == []


def test_a_path_key_of_another_type_is_noticed() -> None:
    class Inner(Options):
        log_dir: str = ""

    class Outer(Options):
        inner: tuple[Inner, ...] = ()
        weights: Path | None = None
        image_root: paths.PathOrAddress | None = None

    assert unresolved(Outer) == ["inner.log_dir", "weights"]


def test_each_key_has_a_description() -> None:
    assert undescribed(Config) == []


def test_a_path_starts_at_its_file_and_one_from_the_command_line_at_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "current").mkdir()
    monkeypatch.chdir(tmp_path / "current")
    file = written(tmp_path, WHOLE + "push: {serving_dir: serving}\n")
    config = loading.load(file, ["data={path: here, earlier: gs://b/x, image_root: ../y}"])
    assert config.data.path == str(tmp_path / "current" / "here")
    assert (config.data.earlier, config.data.image_root) == ("gs://b/x", str(tmp_path / "y"))
    assert config.serving_dir == tmp_path / "serving"
    assert loading.load(file).data.schema_file == tmp_path / "s.pbtxt"
    allowed = loading.load(file, ["backbone.allowed=[., gs://b]"]).backbone.allowed
    assert allowed == (str(tmp_path / "current"), "gs://b")


def test_without_folders_a_path_stays_as_it_is() -> None:
    options = Ingest.model_validate({"path": "photos/../photos"})
    assert Ingest.model_validate_json(options.model_dump_json()) == options
    assert options.path == "photos/../photos"


def test_what_is_no_path_is_named() -> None:
    with pytest.raises(ValidationError, match=r"got 3, must be a path; change it"):
        Ingest.model_validate({"path": 3})


def test_ingestion_gets_all_keys_of_data_but_those_that_its_cache_key_must_not_hold(
    tmp_path: Path,
) -> None:
    assert set(Data.model_fields) - set(Ingest.model_fields) == {
        "resize",
        "verify",
        "schema_file",
        "window",
    }
    file = written(tmp_path)
    usual = loading.load(file).data.ingest().model_dump_json()
    other = ["data.resize=pad", "data.verify=true", "data.schema=other.pbtxt"]
    assert loading.load(file, other).data.ingest().model_dump_json() == usual
    assert loading.load(file, ["data.max_pixels=9"]).data.ingest().model_dump_json() != usual

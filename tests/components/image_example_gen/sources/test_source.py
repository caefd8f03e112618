"""A user's own source: the page's example, and what is refused."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen.sources import (
    ImageFile,
    Listing,
    Source,
    further_features,
    list_all,
    list_data,
)
from components.image_example_gen.sources.built_in import SOURCES
from modules import plugins
from modules.errors import InputError
from modules.settings import FORMATS
from pipeline import preflight
from pipeline.caching.provenance import source_fingerprint
from pipeline.configuration import loading, safe_yaml
from pipeline.configuration.config import Config
from tests.components.conftest import asked
from tests.conftest import GLYPHS, PROJECT

SECTION = "## A source of images"
REFERENCE = "my_sources:json_lines"


@pytest.fixture
def folder(
    tmp_path: Path, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Images, their list as JSON lines, and the page's module and config beside it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THAW_PLUGINS", "")
    page = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = page[page.index(SECTION) :].split("\n## ")[0]
    code, config = (
        re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
        for language in ("python", "yaml")
    )
    assert code is not None
    assert config is not None
    (tmp_path / "my_sources.py").write_text(code[1], encoding="utf-8")
    keys: dict[str, Any] = safe_yaml.parse(config[1]) | {"backbone": {"handle": str(GLYPHS)}}
    (tmp_path / "own.yaml").write_text(json.dumps(keys), encoding="utf-8")
    rows = []
    (tmp_path / "photos").mkdir()
    for number, content in enumerate(pictures[:6]):
        (tmp_path / "photos" / f"{number}.png").write_bytes(content)
        camera = f"cam{number % 3}"
        rows.append({"file": f"photos/{number}.png", "label": "ab"[number % 2], "camera": camera})
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "photos.jsonl").write_text("\n".join(lines), encoding="utf-8")
    yield tmp_path
    plugins.search_in(tmp_path)


def load(folder: Path) -> Config:
    """As a run does before it lists an image."""
    config = loading.load(folder / "own.yaml")
    preflight.find_plugins(config)
    return config


def test_the_table_has_every_form_that_the_config_knows() -> None:
    assert set(SOURCES) == set(FORMATS)
    assert all(isinstance(source, Source) for source in SOURCES.values())


def test_the_pages_source_lists_images_as_the_config_says(folder: Path) -> None:
    config = load(folder)
    assert config.plugins == {REFERENCE: "data.format"}
    options = config.data.ingest()
    listing = list_data(options)
    assert listing.lines()[0] == "data: 6 lines of JSON; 2 classes (a, b), 6 images"
    assert [file.name for file in listing.files] == [f"photos/{n}.png" for n in range(6)]
    assert listing.files[1].label == "b"
    assert listing.files[1].columns == (("camera", "cam1"),)
    assert further_features(options) == ["camera"]


def test_editing_a_source_changes_the_fingerprint_of_the_node_that_calls_it(folder: Path) -> None:
    def fingerprint() -> str:
        options = load(folder).data.ingest()
        return source_fingerprint("modules.errors", plugins=options.plugins)

    first = fingerprint()
    assert fingerprint() == first
    module = folder / "my_sources.py"
    module.write_text(module.read_text() + "\nEDITED = True\n", encoding="utf-8")
    assert fingerprint() != first


def test_an_unknown_form_is_refused(folder: Path) -> None:
    message = (
        r"^data\.format: got 'parquet', must be folder, csv, tfrecord or package\.module:name; "
        "name one of them"
    )
    with pytest.raises(InputError, match=message):
        loading.load(folder / "own.yaml", ["data.format=parquet"])


class Own:
    """A source that gives what it is told to give."""

    def __init__(self, give: Callable[[], Any], names: tuple[str, ...] = ()) -> None:
        self._give, self._names = give, names

    def list_images(self, *arguments: Any) -> Any:
        return self._give()

    def further_features(self, *arguments: Any) -> tuple[str, ...]:
        return self._names


def images(**changes: Any) -> Listing:
    files = [ImageFile(f"/{n}.png", f"{n}.png", "ab"[n % 2]) for n in range(4)]
    return Listing([*files, ImageFile(**{**vars(files[0]), **changes})], "own")


def fails() -> Listing:
    raise ValueError("no such key")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Own, "my_own:source is no source; name an object with the methods list_images and furth"),
        (Own(fails), "my_own:source list_images failed: ValueError: no such key; correct the sou"),
        (Own(lambda: []), "my_own:source list_images gives list, must give a Listing; correct"),
        (Own(lambda: Listing(["a.png"], "own")), "lists str, must list ImageFiles"),  # type: ignore
        (Own(lambda: images(label="")), "'0.png': no label; give it one, or say so in its problem"),
        (Own(lambda: images(split="dev")), "'0.png' is in 'dev', must be in train, validation, t"),
        (Own(lambda: images(columns=(("x", "1"),))), "'0.png' has a column 'x', which further_f"),
        (Own(lambda: images(label=3)), "lists an image with the label 3, must be a text; correct"),
        (
            Own(lambda: images(name="\udc80")),
            "with the name '\\udc80', must be a text; correct the",
        ),
        (Own(lambda: images(path=Path("/x"))), "with the path PosixPath('/x'), must be a text"),
        (Own(lambda: images(path="x.png")), "with the path 'x.png', must be absolute or an addre"),
        (Own(lambda: images(size=None)), "with the size None, must be a number of bytes"),
        (Own(lambda: images(columns=(("x", 3),)), ("x",)), "(('x', 3),), must be a tuple of pairs"),
        (Own(images, None), "further_features gives None, must give a list of names; correct"),  # type: ignore[arg-type]
        (Own(images, "camera"), "further_features gives 'camera', must give a list of names"),  # type: ignore[arg-type]
        (Own(images, ("x", "x")), "further_features gives ('x', 'x'), which names one twice"),
        (Own(images, ("label",)), "further_features names 'label', which is reserved"),
        (Own(lambda: Listing(images().files[:1], "own")), "holds images of 1 class, 'a', and at l"),
    ],
)
def test_a_source_that_gives_what_cannot_be_is_refused(
    source: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "load", lambda reference, key: source)
    with pytest.raises(InputError) as error:
        list_all(asked("/data", format="my_own:source"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_source_may_generate_its_images(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Own(lambda: Listing((file for file in images().files), "own"))  # type: ignore[arg-type]
    monkeypatch.setattr(plugins, "load", lambda reference, key: source)
    assert len(list_all(asked("/data", format="my_own:source"))) == 5


def test_an_image_without_a_label_counts_as_one_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Own(lambda: images(label="", problem="no label"))
    monkeypatch.setattr(plugins, "load", lambda reference, key: source)
    files = list_all(asked("/data", format="my_own:source"))
    assert [file.problem for file in files] == ["", "", "", "", "no label"]

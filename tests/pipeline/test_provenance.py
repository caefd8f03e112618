"""What a stage was made from: its code, and no other."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import provenance


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three modules: one imports the second, and the third stands alone."""
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in (
        ("__init__", ""),
        ("first", "from own.second import value\n"),
        ("second", "value = 1\n"),
        ("third", "value = 3\n"),
    ):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(provenance, "_OURS", ("own",))
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "own"]:
        del sys.modules[name]


def test_editing_what_a_stage_imports_changes_its_fingerprint(package: Path) -> None:
    before = provenance.source_fingerprint("own.first")
    (package / "third.py").write_text("value = 4\n", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") == before
    (package / "second.py").write_text("value = 2\n", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") != before


def test_another_version_of_a_package_changes_it_too(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = provenance.source_fingerprint("own.first")
    monkeypatch.setattr(provenance, "versions", lambda: {"tensorflow": "0"})
    assert provenance.source_fingerprint("own.first") != before


def test_the_trainers_code_is_all_that_it_uses() -> None:
    found = set(provenance._closure(["modules.trainer"]))
    assert {
        "modules",
        "modules.finetune.training",
        "modules.images.exif",
        "modules.backbones.graph.read_order",
        "modules.settings.augmentation",
    } <= found
    assert not any(name.split(".")[0] in ("pipeline", "components") for name in found)

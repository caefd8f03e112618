"""What a stage was made from: its code, and no other."""

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.caching import imports, provenance
from tests.conftest import PROJECT

PLUGIN = "own.first:build"
# The files of a node that ``pipeline.graph`` names; of most it is the component alone.
MODULES = defaultdict(
    lambda: ["component"],
    infra_check=["component", "probe"],
    exports=["component", "convert_worker"],
)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of three modules: one imports the second, and the third stands alone."""
    folder = tmp_path / "own"
    write(
        folder,
        {
            "__init__.py": "",
            "first.py": "from own.second import value\n",
            "second.py": "value = 1\n",
            "third.py": "value = 3\n",
        },
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "own"]:
        del sys.modules[name]


@pytest.fixture
def as_ours(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same package, as a package of Thaw."""
    monkeypatch.setattr(provenance, "_OURS", ("own",))
    return package


def test_editing_what_a_stage_imports_changes_its_fingerprint(as_ours: Path) -> None:
    before = provenance.source_fingerprint("own.first")
    (as_ours / "third.py").write_text("value = 4\n", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") == before
    (as_ours / "second.py").write_text("value = 2\n", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") != before


def test_another_version_of_a_package_changes_it_too(
    as_ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = provenance.source_fingerprint("own.first")
    monkeypatch.setattr(provenance, "versions", lambda: {"tensorflow": "0"})
    assert provenance.source_fingerprint("own.first") != before


def test_a_file_beside_a_module_that_has_its_name_is_part_of_it(as_ours: Path) -> None:
    (as_ours / "second.txt").write_text("template", encoding="utf-8")
    (as_ours / "third.txt").write_text("template", encoding="utf-8")
    before = provenance.source_fingerprint("own.first")
    (as_ours / "third.txt").write_text("edited", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") == before
    (as_ours / "second.txt").write_text("edited", encoding="utf-8")
    assert provenance.source_fingerprint("own.first") != before


def test_the_cards_template_is_part_of_the_cards_code() -> None:
    files = provenance.source_files("components.model_card.component")
    assert files["components.records.card:card.md.jinja"].is_file()


def test_the_trainers_code_is_all_that_it_uses() -> None:
    files = set(provenance.source_files("modules.trainer"))
    assert {
        "modules",
        "modules.finetune.training",
        "modules.images.exif",
        "modules.backbones.graph.read_order",
        "modules.settings.augmentation",
    } <= files
    assert not any(name.split(".")[0] in ("pipeline", "components") for name in files)


@pytest.mark.parametrize(
    "node",
    [
        "data_check", "baseline", "evaluator", "infra_check", "gate", "exports", "model_card",
        "pusher", "run_summary",
    ],
)  # fmt: skip
def test_editing_the_training_or_another_node_leaves_a_nodes_fingerprint_alone(node: str) -> None:
    files = provenance.source_files(*(f"components.{node}.{name}" for name in MODULES[node]))
    assert f"components.{node}.component" in files
    nodes = {path.name for path in (PROJECT / "components").iterdir() if path.is_dir()}
    others = {f"components.{name}" for name in nodes - {node, "records", "serving"}}
    apart = {"modules.backbones", "modules.finetune", "modules.trainer", "modules.export", *others}
    assert not apart & set(files)


def test_a_file_is_parsed_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    imports._names_in.cache_clear()
    parsed: list[bytes] = []
    parse = ast.parse

    def counted(source: bytes) -> ast.Module:
        parsed.append(source)
        return parse(source)

    monkeypatch.setattr(ast, "parse", counted)
    provenance.source_fingerprint("modules.trainer")
    provenance.source_fingerprint("components.evaluator.component")
    assert len(parsed) > 50
    provenance.source_fingerprint("modules.trainer", "components.evaluator.component")
    files = provenance.source_files("modules.trainer", "components.evaluator.component")
    assert len(parsed) <= len(files)


def test_a_fingerprint_imports_nothing_that_it_hashes(package: Path) -> None:
    (package / "first.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    code = (
        "import sys\nfrom pipeline.caching.provenance import source_fingerprint\n"
        f"sys.path.insert(0, {str(package.parent)!r})\n"
        f"source_fingerprint('modules.trainer', plugins=[{PLUGIN!r}])\n"
        "print(sorted({'tensorflow', 'tfx', 'own', 'modules.trainer'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("files", "edited"),
    [
        ({}, "first.py"),
        ({}, "second.py"),
        ({}, "__init__.py"),
        ({"first.py": "from . import second\n"}, "second.py"),
        ({"first.py": "from .deep.a import x\n", "deep/a.py": "x = 1\n"}, "deep/a.py"),
        ({"first.py": "import beside\n", "../beside.py": "x = 1\n"}, "../beside.py"),
        (
            {
                "first.py": "from own.deep import fourth\n",
                "deep/__init__.py": "",
                "deep/fourth.py": "from ..second import value\n",
            },
            "second.py",
        ),
    ],
)
def test_editing_a_plug_in_or_what_it_imports_changes_the_fingerprint(
    package: Path, files: Mapping[str, str], edited: str
) -> None:
    write(package, files)
    without = provenance.source_fingerprint("modules.errors")
    before = provenance.source_fingerprint("modules.errors", plugins=[PLUGIN])
    assert before != without
    (package / "third.py").write_text("value = 4\n", encoding="utf-8")
    assert provenance.source_fingerprint("modules.errors", plugins=["own.first"]) == before
    (package / edited).write_text("edited = 1\n", encoding="utf-8")
    assert provenance.source_fingerprint("modules.errors", plugins=[PLUGIN]) != before
    assert provenance.source_fingerprint("modules.errors") == without


def test_an_installed_distribution_counts_by_its_version_and_not_by_its_source(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(package, {"first.py": "import json\nimport numpy as np\nimport jinja2\n"})
    used = provenance._closure_of_plugins(["own.first"])
    assert set(used.files) == {"own", "own.first"}
    assert used.packages == {"json", "numpy", "jinja2"}
    before = provenance.source_fingerprint(plugins=[PLUGIN])
    monkeypatch.setattr(
        provenance, "distributions", lambda top: {"Jinja2": "0"} if top == "jinja2" else {}
    )
    assert provenance.source_fingerprint(plugins=[PLUGIN]) != before


def test_a_plug_in_of_an_installed_distribution_counts_by_its_version() -> None:
    used = provenance._closure_of_plugins(["jinja2.filters"])
    assert (used.files, used.packages) == ({}, {"jinja2"})
    assert imports.distributions("jinja2") == {"jinja2": importlib.metadata.version("jinja2")}
    assert list(imports.distributions("yaml")) == ["PyYAML"]


def test_a_plug_ins_place_does_not_count(package: Path, tmp_path: Path) -> None:
    before = provenance.source_fingerprint(plugins=[PLUGIN])
    package.parent.joinpath("own").rename(tmp_path / "moved")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "moved").rename(elsewhere / "own")
    sys.path.insert(0, str(elsewhere))
    try:
        importlib.invalidate_caches()
        assert provenance.source_fingerprint(plugins=[PLUGIN]) == before
    finally:
        sys.path.remove(str(elsewhere))


def test_a_plug_in_that_is_not_there_is_refused_in_one_line() -> None:
    message = (
        "nowhere.losses: there is no such module; a plug-in is given as package.module:name, and "
        "its package must be installed, or lie in a folder that PYTHONPATH names"
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        provenance.source_fingerprint(plugins=["nowhere.losses:focal"])


def test_a_plug_in_that_python_cannot_parse_is_refused_in_one_line(package: Path) -> None:
    write(package, {"second.py": "value = (\n"})
    with pytest.raises(InputError) as refusal:
        provenance.source_fingerprint(plugins=[PLUGIN])
    assert str(refusal.value) == (
        f"own.first: Python cannot parse {package / 'second.py'}, line 1 ('(' was never closed); "
        "correct the plug-in"
    )

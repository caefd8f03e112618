"""The rules of the tree: which way imports go, and what the command line must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

MAY_IMPORT = {
    "modules": {"modules"},
    "components": {"components", "modules"},
    "pipeline": {"pipeline", "components", "modules"},
    "data": {"data", "modules"},
}


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files
    for path in files:
        ours = imports_of(path) & set(MAY_IMPORT)
        assert ours <= MAY_IMPORT[package], path


# The rooms of ``modules``: each imports those before it and the files of ``SHARED_BY_ALL``; other
# files that are in no room import any.
ROOMS = ("settings", "images", "backbones", "finetune", "gate")
SHARED_BY_ALL = {
    "beam_batches", "errors", "features", "model_layout", "parallel", "plugins", "progress",
    "rounding", "text",
}  # fmt: skip


def modules_imported_by(path: Path) -> set[str]:
    """The second parts of ``modules.x`` that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "modules":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("modules."):
            found.add(str(node.module).split(".")[1])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_the_rooms_of_modules_import_in_one_order(room: str) -> None:
    may = {*ROOMS[: ROOMS.index(room) + 1], *SHARED_BY_ALL}
    files = sorted((PROJECT / "modules" / room).rglob("*.py"))
    assert files
    for path in files:
        assert modules_imported_by(path) <= may, path


@pytest.mark.parametrize("package", ["modules", "components"])
def test_plain_functions_know_nothing_of_tfx(package: str) -> None:
    adapters = {"component.py", "executor.py", "driver.py", "strategy.py", "artifacts.py"}
    adapters |= {"curated_schema.py", "spans.py"}
    for path in (PROJECT / package).rglob("*.py"):
        assert ("tfx" in imports_of(path)) == (path.name in adapters), path


def test_files_that_define_a_component_keep_raw_annotations() -> None:
    for path in (PROJECT / "components").rglob("*.py"):
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["run", "none.yaml"],
        ["backbones"],
        ["inspect", "modules"],
        ["lr-find", "configs/digits.yaml", "--stage", "none"],
        ["run", "configs/digits.yaml", "--set", "data.path=none"],
        ["run", "configs/digits.yaml", "--set", "evaluation.min_examples=1000"],
    ],
)
def test_help_and_mistakes_of_config_and_data_load_no_tensorflow(
    arguments: list[str], tmp_path: Path
) -> None:
    if arguments[0] == "run" and "--help" not in arguments:
        arguments = [*arguments, "--root", str(tmp_path)]
    code = (
        "import sys\n"
        "from pipeline.cli import main\n"
        f"sys.argv = ['thaw', *{arguments!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    print('ended', end.code)\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip().endswith("[]"), done.stdout


def test_the_graph_imports_nothing_of_google_cloud_ai_platform() -> None:
    # A third of the seconds that the graph's imports took: tfx.v1 brings it, its parts do not.
    code = "import sys, pipeline.graph; print('google.cloud.aiplatform' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout == "False\n"

"""The rules of the tree: which way imports go, and what the command line must not load."""

import ast
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.conftest import PROJECT

MAY_IMPORT = {
    "modules": {"modules"},
    "components": {"components", "modules"},
    "pipeline": {"pipeline", "components", "modules"},
    "data": {"data", "modules"},
    "thaw": {"thaw", "pipeline", "components", "modules"},
}


def imports_of(path: Path) -> set[str]:
    """All import paths in a file; of ``from a import b`` both ``a`` and ``a.b``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def packages_of(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    return {name.partition(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    files = sorted((PROJECT / package).rglob("*.py"))
    assert files
    for path in files:
        ours = packages_of(path) & set(MAY_IMPORT)
        assert ours <= MAY_IMPORT[package], path


def rooms_in(package: str) -> set[str]:
    """The names of the files and folders of a package."""
    entries = (PROJECT / package.replace(".", "/")).iterdir()
    return {path.stem for path in entries if path.suffix in {"", ".py"}} - {
        "__init__", "__pycache__"
    }  # fmt: skip


def in_order(*rooms: str, shared: Collection[str] = ()) -> dict[str, set[str]]:
    """What each room may import: itself, those before it, and what is shared."""
    return {room: {*shared, *rooms[: place + 1]} for place, room in enumerate(rooms)}


def apart(rooms: Collection[str], shared: Collection[str]) -> dict[str, set[str]]:
    """What each room may import: itself and what is shared, but none of the other rooms."""
    return {room: {*shared, room} for room in rooms}


# Files that all rooms of ``modules`` may import. Files in no room, such as ``trainer``, import any.
SHARED_BY_ALL = {
    "beam_batches", "errors", "features", "intervals", "model_layout", "parallel", "plugins",
    "progress", "rounding", "text",
}  # fmt: skip
# What the nodes of ``components`` share; what is no node's folder is here.
BELOW_NODES = (
    "disk", "artifacts", "node_spec", "driver", "subprocess_runner", "records", "serving",
)  # fmt: skip
# The folders of ``pipeline``: the files beside them import the first ones, and none of the others.
BELOW_FILES = ("version", "configuration", "caching", "state")
ABOVE_FILES = {"cli", "commands", "continuous", "runners"}
FILES = rooms_in("pipeline") - ABOVE_FILES
ROOMS = {
    "modules": in_order(
        "settings", "images", "backbones", "finetune", "gate", shared=SHARED_BY_ALL
    ),
    "pipeline.continuous": in_order("spans", "decision", "retraining", "window_run", "service"),
    "modules.backbones": in_order("loading", "graph", "backbone", "cut", "blocks", "reusable"),
    "components": {
        **in_order(*BELOW_NODES),
        **apart(rooms_in("components") - {*BELOW_NODES}, shared=BELOW_NODES),
    },
    "pipeline": {
        **in_order(*BELOW_FILES),
        **dict.fromkeys(FILES - {*BELOW_FILES}, FILES),
        **in_order("runners", "continuous", shared=FILES),
        "commands": {*FILES, "continuous", "commands"},
        "cli": {*FILES, *ABOVE_FILES},
    },
}


@pytest.mark.parametrize(
    ("package", "room"),
    sorted((package, room) for package, rooms in ROOMS.items() for room in rooms),
)
def test_a_room_imports_only_itself_and_the_rooms_below_it(package: str, room: str) -> None:
    place = PROJECT / package.replace(".", "/") / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    assert files
    above = f"{package}."
    for path in files:
        names = {name.removeprefix(above) for name in imports_of(path) if name.startswith(above)}
        used = {name.partition(".")[0] for name in names} & rooms_in(package)
        assert used <= ROOMS[package][room], path


@pytest.mark.parametrize("package", sorted(ROOMS.keys() - {"modules"}))
def test_the_order_names_every_room(package: str) -> None:
    assert set(ROOMS[package]) == rooms_in(package)


@pytest.mark.parametrize("package", ["modules", "components"])
def test_plain_functions_know_nothing_of_tfx(package: str) -> None:
    adapters = {"component.py", "executor.py", "driver.py", "strategy.py", "artifacts.py"}
    adapters |= {"curated_schema.py", "node_spec.py"}
    for path in (PROJECT / package).rglob("*.py"):
        adapts = path.name in adapters or path.match("sources/spans.py")
        assert ("tfx" in packages_of(path)) == adapts, path


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
        ["retrain", "--help"],
        ["retrain", "configs/digits.yaml"],
        ["run", "configs/digits.yaml", "--set", "data.path=none"],
        ["retrain", "configs/digits.yaml", "--watch"],
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

"""What a run was made from: versions of packages, and fingerprints of code.

User code is named by import path, so TFX's cache key holds its name alone; a fingerprint among the
node's properties lets edited code be run.
"""

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGES = (
    "tensorflow",
    "tf_keras",
    "tensorflow-hub",
    "tfx",
    "apache-beam",
    "tensorflow-transform",
    "tensorflow-model-analysis",
    "tensorflow-data-validation",
    "ml-metadata",
    "numpy",
    "pillow",
    "pydantic",
)
_OURS = ("pipeline", "components", "modules")


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that make the model."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found


def source_fingerprint(*modules: str) -> str:
    """sha256 over the modules, all that they import of this project, and the packages' versions.

    Args:
        *modules: import paths, of modules of this project.

    Returns:
        Hexadecimal.
    """
    total = hashlib.sha256(repr(sorted(versions().items())).encode())
    for name, path in sorted(_closure(modules).items()):
        total.update(f"{name}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _closure(modules: Iterable[str]) -> dict[str, Path]:
    """The files of the modules and of what they import, directly or not."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        waiting += _imports(found[name])
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


def _imports(path: Path) -> Iterator[str]:
    """Names of this project's modules that a file may import."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.split(".")[0] in _OURS and _exists(name):
                yield name


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # The parent is a module, and the name something in it.
        return False

"""What a run was made from: versions of packages, and fingerprints of code.

TFX's cache key holds the import path of user code, not the code. A fingerprint of the source among
a node's properties makes the node run again when the code was edited.
"""

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable
from pathlib import Path

from modules.errors import InputError
from pipeline.caching.imports import Closure, closure, distributions, is_installed, locate

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
    by_package = {package: importlib.metadata.version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **by_package}


def source_files(*modules: str) -> dict[str, Path]:
    """The files of some modules and of all that they import of this project, by import path.

    A file beside a module that has its name, such as the template ``card.md.jinja`` of ``card.py``,
    is part of it, and has ``module:file`` as its key.
    """
    files = closure(modules, _OURS.__contains__).files
    beside = {
        f"{name}:{other.name}": other
        for name, path in files.items()
        for other in path.parent.glob(f"{path.stem}.*")
        if other.suffix != ".py"
    }
    return {**files, **beside}


def source_fingerprint(*modules: str, plugins: Iterable[str] = ()) -> str:
    """sha256 over the modules, all that they import of this project, and the packages' versions.

    A plug-in's own code counts as ours does. Give each node the plug-ins that it calls, as the
    config names them, so that an edited plug-in runs these nodes again and no others::

        source_fingerprint("modules.trainer", plugins=["my_heads.attention:build"])

    Of a plug-in these are hashed: its module, the packages around it, and what it imports, directly
    or not, except the standard library and installed distributions. Of an installed distribution
    that it imports, or that it lies in, the version is hashed instead. A package that was installed
    in editable form is hashed by its source.

    Args:
        *modules: import paths, of modules of this project.
        plugins: import paths of modules, each with or without ``:name`` behind it. Their folders
            must be on ``sys.path`` by now. Nothing is imported.

    Returns:
        Hexadecimal. It does not depend on where the files lie, nor on the order of the arguments.

    Raises:
        InputError: when a plug-in's module does not exist, or Python cannot parse it.
    """
    digest = hashlib.sha256(repr(sorted(versions().items())).encode())
    files = source_files(*modules)
    if plugins := sorted({plugin.partition(":")[0] for plugin in plugins}):
        used = _closure_of_plugins(plugins)
        files |= used.files
        installed = {name: v for top in used.packages for name, v in distributions(top).items()}
        digest.update(repr(sorted(installed.items())).encode())
    for name, path in sorted(files.items()):
        digest.update(f"{name}:{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _closure_of_plugins(modules: list[str]) -> Closure:
    for module in modules:
        if locate(module) is None:
            raise InputError(
                f"{module}: there is no such module; a plug-in is given as package.module:name, "
                "and its package must be installed, or lie in a folder that PYTHONPATH names"
            )
    try:
        return closure(modules, lambda top: top in _OURS or not is_installed(top))
    except SyntaxError as error:
        raise InputError(
            f"{' or '.join(modules)}: Python cannot parse {error.filename}, line {error.lineno} "
            f"({error.msg}); correct the plug-in"
        ) from None

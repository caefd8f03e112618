"""Which files a module's code lies in: its own, and those of what it imports.

Nothing is imported to find out, so the answer costs no TensorFlow. An import that only running code
could tell, such as ``importlib.import_module(name)``, is not seen.
"""

import ast
import contextlib
import functools
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SUFFIXES = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
# The folders of installed packages, whatever the environment: Debian has a name of its own.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass
class Closure:
    """What a module's behaviour depends on.

    Attributes:
        files: by import path, the file of each module, its parent packages among them.
        packages: the names of top-level packages that were imported and not followed.
    """

    files: dict[str, Path] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)


def closure(modules: Iterable[str], follow: Callable[[str], bool]) -> Closure:
    """The files of the modules and of what they import, directly or not.

    Args:
        modules: import paths; one that does not exist is passed over.
        follow: whether the modules of a top-level package, by its name, belong to the answer.

    Raises:
        SyntaxError: with the name of the file that Python cannot parse.
    """
    result = Closure()
    waiting, seen = list(modules), set[str]()
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if name in seen or top in result.packages:
            continue
        seen.add(name)
        if not follow(top):
            result.packages.add(top)
            continue
        path = locate(name)
        if path is None:
            continue
        result.files[name] = path
        waiting += _imports(name, path)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return result


def locate(name: str) -> Path | None:
    """The file of a module, or of a package its ``__init__.py``.

    Args:
        name: an import path; its top-level package is looked up as ``import`` would do it.

    Returns:
        None where there is no such module, or it has no file.
    """
    top, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # A module that was made by hand has no spec.
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        return Path(spec.origin) if not rest and spec.has_location and spec.origin else None
    for folder in map(Path, spec.submodule_search_locations):
        place = folder.joinpath(*rest)
        candidates = [place / "__init__.py"]
        if rest:
            candidates += [place.with_name(place.name + suffix) for suffix in _SUFFIXES]
        for path in candidates:
            if path.is_file():
                return path
    return None


def is_installed(top: str) -> bool:
    """Whether a top-level package is the standard library's, or a distribution's that pip put here.

    A package that is installed in editable form is its author's working tree, and so is not.
    """
    if top in sys.stdlib_module_names:
        return True
    path = _place(top)
    return path is None or (not _INSTALLED.isdisjoint(path.parts) and bool(distributions(top)))


def _place(top: str) -> Path | None:
    """Where a top-level module or package lies, with or without an ``__init__.py``."""
    path = locate(top)
    if path is not None:
        return path
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:
        return None
    folders = (spec.submodule_search_locations if spec else None) or ()
    return next((Path(folder) for folder in folders), None)


@functools.cache
def distributions(top: str) -> dict[str, str]:
    """The versions of the distributions that hold a top-level package, by their names."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return {top: importlib.metadata.version(top)}  # Most have the name of what they hold.
    return {
        distribution.name: distribution.version
        for distribution in importlib.metadata.distributions()
        if _holds(distribution, top)
    }


def _holds(distribution: importlib.metadata.Distribution, top: str) -> bool:
    # ``packages_distributions`` of Python 3.10 passes over wheels that have no top_level.txt, and
    # takes seconds.
    record = "\n" + (distribution.read_text("RECORD") or "")
    listed = (distribution.read_text("top_level.txt") or "").split()
    return top in listed or any(f"\n{top}{end}" in record for end in ("/", ".py,", ".cpython"))


def _imports(name: str, path: Path) -> list[str]:
    """Names that a module may import; of ``from a import b``, also ``a.b``, if that is a module."""
    if path.suffix != ".py":
        return []
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    try:
        return list(_names_in(path.read_bytes(), package))
    except SyntaxError as error:
        error.filename = str(path)
        raise


@functools.cache  # By content: a file is parsed once, however many nodes import it.
def _names_in(source: bytes, package: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_walk(ast.parse(source), package)))


def _walk(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Dots that lead out of the package fail only when the code is run.
            parents = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)

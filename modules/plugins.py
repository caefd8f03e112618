"""Finds a user's own code: ``package.module:name`` becomes the object of that name.

Python finds the module as it finds any other: among the installed packages, or on ``PYTHONPATH``.
The folder of the config file comes last, so that a file beside the config is enough, and none there
can take the place of a package. ``search_in`` says which folder that is. The variable
``THAW_PLUGINS`` hands it to the processes that a run starts, such as Beam's workers.
"""

import importlib
import importlib.util
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from modules.errors import InputError
from modules.text import cause, quoted

_REFERENCE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")
_FOLDER = "THAW_PLUGINS"
_imported: set[str] = set()  # modules that lie in the folder, and were imported for a plug-in
_added: set[str] = set()  # folders that were put on ``sys.path`` here, at most one


def is_reference(text: str) -> bool:
    """Whether a text has the form ``package.module:name``."""
    return _REFERENCE.fullmatch(text) is not None


def module_of(reference: str) -> str:
    """The import path of the module that a reference names."""
    return reference.partition(":")[0]


def search_in(folder: Path, *, anew: bool = True) -> None:
    """Lets modules be found in a folder, after all other places, here and in child processes.

    It takes the place of the folder of an earlier call.

    Args:
        folder: absolute.
        anew: whether modules that were imported from there are imported again, so that a file that
            has been edited since is not mistaken for what it was. Those of another folder always
            are.
    """
    previous = os.environ.get(_FOLDER)
    if previous == str(folder) and not anew:
        _extend_path()
        return
    for name in _imported:
        sys.modules.pop(name, None)
    _imported.clear()
    importlib.invalidate_caches()
    for added in _added - {str(folder)}:
        with suppress(ValueError):  # Others may have taken it away.
            sys.path.remove(added)
        _added.remove(added)
    os.environ[_FOLDER] = str(folder)
    _extend_path()


def load(reference: str, key: str) -> Any:
    """Imports what a reference names.

    Args:
        reference: ``package.module:name``.
        key: of the config, for the message.

    Returns:
        The object.

    Raises:
        InputError: when there is no such module or name, or the import fails.
    """
    module, _, name = reference.partition(":")
    _check_is_there(module, reference, key)
    before = set(sys.modules)
    try:
        with _without_bytecode():
            loaded = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{key}: importing {module} failed: {type(error).__name__}: "
            f"{cause(error)}{_line_of(error)}; {_hidden(error) or 'correct it'}"
        ) from error
    finally:
        _imported.update(_from_the_folder(before))
    if not hasattr(loaded, name):
        names = sorted(each for each in vars(loaded) if not each.startswith("_"))
        own = [each for each in names if getattr(vars(loaded)[each], "__module__", "") == module]
        raise InputError(
            f"{key}: {module} ({getattr(loaded, '__file__', None)}) has no {name!r}; it has "
            f"{quoted(own or names) or 'no names'}: "
            f"{_hidden_by(module) or f'correct the name in {reference!r}'}"
        )
    return getattr(loaded, name)


def load_callable(reference: str, key: str, options: Mapping[str, Any], first: int) -> Any:
    """Imports a function or class, and checks that it can be called as Thaw will.

    Args:
        reference: ``package.module:name``.
        key: of the config, for the message.
        options: keyword arguments that it will get.
        first: how many positional arguments it will get before them.

    Returns:
        The function or class.

    Raises:
        InputError: when it cannot be loaded, is not callable, or does not take these arguments.
    """
    function = load(reference, key)
    if not callable(function):
        raise InputError(
            f"{key}: {reference} is of type {type(function).__name__}, must be a function or a "
            "class; name one"
        )
    _check_arguments(function, reference, key, options, first)
    return function


def check_is_there(reference: str, key: str) -> None:
    """Refuses a reference whose module is nowhere; imports nothing.

    Args:
        reference: ``package.module:name``.
        key: of the config, for the message.

    Raises:
        InputError: which says where it was looked for.
    """
    _check_is_there(module_of(reference), reference, key)


def _check_arguments(
    function: Callable[..., Any], reference: str, key: str, options: Mapping[str, Any], first: int
) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # A built-in function may have none.
        return
    try:
        signature.bind(*[None] * first, **options)
    except TypeError as error:
        raise InputError(
            f"{key}: {reference} takes {signature}, and would get {first} arguments"
            f"{' and ' + ', '.join(options) if options else ''} ({error}); correct the options in "
            "the config, or the function"
        ) from None


def _extend_path() -> None:
    folder = os.environ.get(_FOLDER)
    if folder and folder not in sys.path:
        sys.path.append(folder)
        _added.add(folder)


def _check_is_there(module: str, reference: str, key: str) -> None:
    """Refuses a module whose top-level package is nowhere; imports nothing."""
    top, folder = module.partition(".")[0], os.environ.get(_FOLDER)
    _extend_path()  # A child process gets the variable alone.
    try:
        is_there = top in sys.modules or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        raise InputError(
            f"{key}: got {reference!r}, but there is no module {top!r} among the installed "
            f"packages{f', nor in {folder}' if folder else ''}; correct the name, install the "
            "package, or put the file beside the config"
        )


def _from_the_folder(before: set[str]) -> set[str]:
    """The modules of the plug-ins' folder that an import has added; of no package from elsewhere.

    Thaw itself may lie in that folder.
    """
    folder = os.environ.get(_FOLDER)
    if not folder:
        return set()
    others = {name for name in before if "." not in name} - _imported
    return {
        name
        for name in set(sys.modules) - before
        if name.partition(".")[0] not in others
        and _lies_in(folder, getattr(sys.modules[name], "__file__", None))
    }


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Keeps Python from writing bytecode of what it imports.

    Python uses a file's bytecode while its size and its date, in whole seconds, are the same, and
    so might run the code of before an edit.
    """
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _lies_in(folder: str, file: str | None) -> bool:
    """Whether a file is in a folder, whatever links lead there."""
    return file is not None and Path(os.path.realpath(file)).is_relative_to(folder)


def _hidden(error: BaseException) -> str:
    """``_hidden_by`` for an import that failed."""
    return _hidden_by(error.name or "") if isinstance(error, ImportError) else ""


def _hidden_by(module: str) -> str:
    """What to do about a file beside the config that another package hides; empty for none."""
    top, folder = module.partition(".")[0], os.environ.get(_FOLDER)
    file = getattr(sys.modules.get(top), "__file__", None)
    if not folder or not file or _lies_in(folder, file):
        return ""
    own = next((path for end in (".py", "") if (path := Path(folder, top + end)).exists()), None)
    return f"rename {own}, which the package of that name hides" if own else ""


def _line_of(error: BaseException) -> str:
    """Where an import failed: the last line of the user's own code, as far as it is known."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename]
    own = [frame for frame in own if frame.filename != __file__]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""

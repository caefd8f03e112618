"""Decides which handles may be loaded, by prefixes that are compared part by part, not as text."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modules.backbones.loading import kaggle
from modules.errors import InputError
from modules.text import without_secrets

# Comma-separated prefixes, which a platform sets for all configs.
ENVIRONMENT = "THAW_ALLOWED_HANDLES"

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PORTS = {"http": 80, "https": 443}
_FORM = (
    "must be an absolute path, or an address of a scheme, a host and perhaps a path, such as "
    "https://tfhub.dev/google"
)


@dataclass(frozen=True)
class _Place:
    """A parsed handle; ``origin`` is empty for a local one."""

    origin: tuple[str, str, int | None]  # scheme, host, port
    parts: tuple[str, ...]


_LOCAL = ("", "", None)


def refusal(handle: str, prefixes: Sequence[str] = ()) -> str:
    """Says why a handle may not be loaded; returns an empty text if it may.

    The handle must lie under one of the config's prefixes, if there are any, and under one of
    ``THAW_ALLOWED_HANDLES``, if that is set. It lies under a prefix if scheme, host and port are
    the same, and the prefix's path is the beginning of its path, in whole parts. An address lies
    under no prefix if its path has a part of one or two dots, or if it has a user, a backslash or a
    blank, however encoded. A local path is compared after its links are resolved, Kaggle's short
    form as its page's address. Redirects are not checked here, but in ``web.open_address``.

    Raises:
        InputError: when the variable cannot be used.
    """
    for name, listed in _lists(prefixes):
        try:
            place = _place(handle)
        except ValueError as error:
            return f"{name} allows no handle like it: {error}"
        if not any(_within(place, _prefix(prefix)) for prefix in listed):
            return f"{name} allows only what lies under {', '.join(listed)}"
    return ""


def refusal_in_words(handle: str, prefixes: Sequence[str] = ()) -> str:
    """Returns ``refusal`` with the handle and the remedy; empty if the handle may be loaded."""
    reason = refusal(handle, prefixes)
    if not reason:
        return ""
    return (
        f"got {without_secrets(handle)}, but {reason}; use an allowed handle, or have the list "
        "changed"
    )


def problem_of_prefix(prefix: str) -> str:
    """Says what is wrong with a prefix; returns an empty text if nothing is."""
    try:
        _prefix(prefix)
    except ValueError as error:
        return f"got {prefix!r}, {_FORM} ({error}); correct it"
    return ""


def _lists(prefixes: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    if prefixes:
        yield "backbone.allowed", prefixes
    named = os.environ.get(ENVIRONMENT)
    if named is None:
        return
    listed = [prefix.strip() for prefix in named.split(",") if prefix.strip()]
    if not listed:  # Nothing is allowed then, rather than everything: the value may be lost.
        raise InputError(
            f"{ENVIRONMENT}: got {named!r}, must list what may be loaded, separated by commas; "
            "list some prefixes, or unset it"
        )
    for problem in filter(None, map(problem_of_prefix, listed)):
        raise InputError(f"{ENVIRONMENT}: {problem}")
    yield ENVIRONMENT, listed


def _prefix(text: str) -> _Place:
    place = _place(text)
    if not _ADDRESS.match(text):
        if not os.path.isabs(text):
            raise ValueError("the path is relative")
        return place
    if place.origin != _LOCAL:
        if not place.origin[1]:
            raise ValueError("it has no host")
        if "?" in text or "#" in text:
            raise ValueError("it has a query or a fragment")
    parts = place.parts
    return _Place(place.origin, parts[:-1] if parts[-1:] == ("",) else parts)


def _place(text: str) -> _Place:
    """Parses a handle or a prefix.

    Raises:
        ValueError: for one that different programs may parse differently.
    """
    if kaggle.is_short(text):
        text = kaggle.page_of(text)
    if not _ADDRESS.match(text):
        return _local(text)
    if re.search(r"[\x00-\x20\x7f-\xa0\\]", text):
        raise ValueError("it holds a blank, a control character or a backslash")
    split = urlsplit(text)
    if "@" in split.netloc:
        raise ValueError("it names a user")
    if split.scheme == "file":
        if split.netloc:
            raise ValueError("a file's address has three slashes")
        return _local(text[len("file://") :])
    if any(part in (".", "..") for part in _decoded(split.path).split("/")):
        raise ValueError("its path has a part of dots")
    port = split.port or _PORTS.get(split.scheme)
    path = split.path.removeprefix("/")
    return _Place((split.scheme, split.hostname or "", port), tuple(path.split("/")))


def _decoded(path: str) -> str:
    """Removes percent encoding, nested encoding included."""
    while (once := unquote(path)) != path:
        path = once
    return path.replace("\\", "/")


def _local(text: str) -> _Place:
    return _Place(_LOCAL, Path(os.path.realpath(text)).parts)


def _within(place: _Place, prefix: _Place) -> bool:
    return place.origin == prefix.origin and place.parts[: len(prefix.parts)] == prefix.parts

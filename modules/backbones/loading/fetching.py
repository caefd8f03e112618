"""From a handle to a module's folder: what may be loaded, and whether it is what it should be.

All that Thaw loads of Hub comes through here; nothing of it is read as a graph.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

import tensorflow as tf
import tensorflow_hub as hub
from tensorflow_hub import compressed_module_resolver, resolver

from modules.backbones.loading import forms, kaggle
from modules.backbones.loading.allowed import refusal_in_words
from modules.backbones.loading.fingerprint import folder_fingerprint
from modules.backbones.loading.unpacking import unpack
from modules.backbones.loading.web import open_address
from modules.errors import InputError
from modules.text import without_secrets


class Fetched(NamedTuple):
    """A module's files: their folder, local or an address that TensorFlow reads, and sha256."""

    folder: str
    sha256: str


def fetch(handle: str, allowed: Sequence[str] = (), sha256: str = "") -> Fetched:
    """Resolves a handle, downloading and unpacking its archive where there is one.

    Args:
        handle: a folder, the address of one in Hub's compressed form, which is kept under
            ``TFHUB_CACHE_DIR``, or Kaggle's short form, which ``kagglehub`` keeps.
        allowed: prefixes of what may be loaded (``allowed.refusal``); asked of the handle as it is
            written, before anything is read or downloaded.
        sha256: what ``folder_fingerprint`` must be; empty for any.

    Raises:
        InputError: when it may not be loaded, is not what it should be, or is not there.
    """
    refused = refusal_in_words(handle, allowed)
    if refused:
        raise InputError(f"backbone.handle: {refused}")
    try:
        if not kaggle.is_short(handle):
            _check_form(handle)
        folder = _resolve(handle)
        _check_form(folder)
        found = folder_fingerprint(folder)
    except InputError:
        raise
    except Exception as error:  # Hub raises whatever the file system, http or TF raised.
        raise InputError(could_not_load(handle, error)) from error
    if sha256 and found != sha256:
        again = "" if folder == handle else f", or remove {folder} to have it downloaded again"
        raise InputError(
            f"backbone.sha256: {handle} has {found}, and must have {sha256}, as pinned or as it "
            "was when the run was prepared; look at what has changed there before you pin or run "
            f"it as it is{again}"
        )
    return Fetched(folder, found)


def could_not_load(handle: str, error: Exception) -> str:
    """What a person is told when a module cannot be had; what may be a secret is left out."""
    reason = " ".join(str(error).split())
    for secret in _secrets(handle):
        reason = reason.replace(secret, "…")
    return (
        f"backbone.handle: could not load {without_secrets(handle)} ({type(error).__name__}: "
        f"{reason[:300]}); {_remedy(error)}"
    )


def _remedy(error: Exception) -> str:
    if isinstance(error, HTTPError) and error.code in (401, 403):
        return "it may need an account: download it where you have one, and give its folder"
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        return (
            "look whether this machine may reach the host, through HTTPS_PROXY perhaps, or give "
            "the folder of a module that was downloaded elsewhere"
        )
    return "it must be a SavedModel's folder or an address that serves one as a .tar.gz"


def _secrets(handle: str) -> list[str]:
    """The parts of an address that an error may show without the rest of it."""
    if "://" not in handle:
        return []
    _, _, rest = handle.partition("://")
    place, _, query = rest.partition("?")
    user, at, _ = place.partition("/")[0].rpartition("@")
    return [part for part in (query, user if at else "", *user.split(":")) if part]


def _resolve(handle: str) -> str:
    if kaggle.is_short(handle):
        return kaggle.download(handle)
    for archives in (_Web(), _Bucket()):
        if archives.is_supported(handle):
            return str(archives(handle))
    return str(hub.resolve(handle))


def _check_form(folder: str) -> None:
    """Refuses a local place whose files show that it is no backbone; an address is none."""
    if "://" in folder:
        return
    problem = forms.problem_of(folder)
    if problem:
        raise InputError(f"backbone.handle: {problem}")


class _Web(compressed_module_resolver.HttpCompressedFileResolver):
    """Hub's resolver of ``http`` and ``https``, which looks at where it is led and what it gets."""

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            address = self._append_compressed_format_query(handle)
            with open_address(handle, address, self._context) as response:
                unpack(response, folder, without_secrets(handle))

        return _kept(handle, download)


class _Bucket(compressed_module_resolver.GcsCompressedFileResolver):
    """Hub's resolver of archives at ``gs`` addresses, which looks at what it gets."""

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            with tf.io.gfile.GFile(handle, "rb") as archive:
                unpack(archive, folder, without_secrets(handle))

        return _kept(handle, download)


def _kept(handle: str, download: Any) -> str:
    """The folder that Hub keeps a module in, downloaded if it is not there."""
    name = hashlib.sha1(handle.encode()).hexdigest()  # Hub's own name for it.
    folder = resolver.create_local_module_dir(_cache_folder(), name)
    timeout = compressed_module_resolver.LOCK_FILE_TIMEOUT_SEC
    return str(resolver.atomic_download(handle, download, folder, timeout))


def _cache_folder() -> str:
    """Where Hub keeps modules.

    Raises:
        InputError: when it is the default one in the machine's folder for temporary files, and
            others may have put something there.
    """
    named = resolver.tfhub_cache_dir()
    if named:
        return str(named)
    folder = Path(tempfile.gettempdir(), "tfhub_modules")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    mine = status.st_uid == os.getuid() and not status.st_mode & stat.S_IWOTH
    if not mine or not stat.S_ISDIR(status.st_mode):
        raise InputError(
            f"TFHUB_CACHE_DIR: it is not set, and {folder}, where modules are kept then, is "
            "another's or can be written by all; set it to a folder of your own"
        )
    return str(folder)

"""Resolves a handle to a module's folder, after checks of what may be loaded and of its files.

Everything that Thaw loads from Hub passes through here; no graph is read.
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
    """A module's folder, a path or an address that TensorFlow reads, and its files' fingerprint."""

    folder: str
    sha256: str


def fetch(handle: str, allowed: Sequence[str] = (), sha256: str = "") -> Fetched:
    """Resolves a handle; downloads and unpacks its archive if it has one.

    Args:
        handle: a folder, the address of one in Hub's compressed form, which is kept under
            ``TFHUB_CACHE_DIR``, or Kaggle's short form, which ``kagglehub`` keeps.
        allowed: the prefixes under which handles may lie (``allowed.refusal``). The handle is
            checked as it is written, before anything is read or downloaded.
        sha256: what ``folder_fingerprint`` must return; empty for any.

    Raises:
        InputError: when the handle may not be loaded, its files are not the pinned ones, or nothing
            is there.
    """
    refusal = refusal_in_words(handle, allowed)
    if refusal:
        raise InputError(f"backbone.handle: {refusal}")
    try:
        if not kaggle.is_short(handle):
            _check_form(handle)
        folder = _resolve(handle)
        _check_form(folder)
        fingerprint = folder_fingerprint(folder)
    except InputError:
        raise
    except Exception as error:  # Hub raises whatever the file system, http or TF raised.
        raise InputError(could_not_load(handle, error)) from error
    if sha256 and fingerprint != sha256:
        again = "" if folder == handle else f", or remove {folder} to have it downloaded again"
        raise InputError(
            f"backbone.sha256: {handle} has {fingerprint}, and must have {sha256}, as pinned or as "
            "it was when the run was prepared; look at what has changed there before you pin or "
            f"run it as it is{again}"
        )
    return Fetched(folder, fingerprint)


def could_not_load(handle: str, error: Exception) -> str:
    """Returns the message for a module that could not be loaded, without possible secrets."""
    reason = " ".join(str(error).split())
    for secret in _secrets(handle):
        reason = reason.replace(secret, "…")
    return (
        f"backbone.handle: could not load {without_secrets(handle)} ({type(error).__name__}: "
        f"{reason[:300]}); {_remedy(error)}"
    )


def _remedy(error: Exception) -> str:
    if isinstance(error, HTTPError) and error.code in (401, 403):
        return "it may need an account: download it with yours, and use its folder as the handle"
    if isinstance(error, URLError) and not isinstance(error, HTTPError):
        return (
            "check whether this machine can reach the host, perhaps through HTTPS_PROXY, or use "
            "the folder of a module that was downloaded elsewhere"
        )
    return "it must be a SavedModel's folder or an address that serves one as a .tar.gz"


def _secrets(handle: str) -> list[str]:
    """Returns the secret parts of an address, which an error might show without the rest."""
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
    """Refuses a local path whose files show that it is no backbone; addresses are not checked."""
    if "://" in folder:
        return
    problem = forms.problem_of(folder)
    if problem:
        raise InputError(f"backbone.handle: {problem}")


class _Web(compressed_module_resolver.HttpCompressedFileResolver):
    """Hub's resolver of ``http`` and ``https``, with checks of redirects and of the archive."""

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            address = self._append_compressed_format_query(handle)
            with open_address(handle, address, self._context) as response:
                unpack(response, folder, without_secrets(handle))

        return _kept(handle, download)


class _Bucket(compressed_module_resolver.GcsCompressedFileResolver):
    """Hub's resolver of archives at ``gs`` addresses, with checks of the archive."""

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            with tf.io.gfile.GFile(handle, "rb") as archive:
                unpack(archive, folder, without_secrets(handle))

        return _kept(handle, download)


def _kept(handle: str, download: Any) -> str:
    """Returns the folder where Hub keeps a module, after downloading it if it is missing."""
    name = hashlib.sha1(handle.encode()).hexdigest()  # Hub names the folder like this.
    folder = resolver.create_local_module_dir(_cache_folder(), name)
    timeout = compressed_module_resolver.LOCK_FILE_TIMEOUT_SEC
    return str(resolver.atomic_download(handle, download, folder, timeout))


def _cache_folder() -> str:
    """Returns the folder where Hub keeps modules.

    Raises:
        InputError: when it is the default among the machine's temporary files, and others may have
            written to it.
    """
    configured = resolver.tfhub_cache_dir()
    if configured:
        return str(configured)
    folder = Path(tempfile.gettempdir(), "tfhub_modules")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    is_own = status.st_uid == os.getuid() and not status.st_mode & stat.S_IWOTH
    if not is_own or not stat.S_ISDIR(status.st_mode):
        raise InputError(
            f"TFHUB_CACHE_DIR: it is not set, and the default, {folder}, belongs to another user "
            "or can be written by all; set it to a folder of your own"
        )
    return str(folder)

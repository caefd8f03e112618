"""From a handle to a module's folder: what may be loaded, and whether it is what it should be.

All that Thaw loads of Hub comes through here; nothing of it is read as a graph.
"""

import hashlib
import os
import stat
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import tensorflow as tf
import tensorflow_hub as hub
from tensorflow_hub import compressed_module_resolver, resolver

from modules.backbones.allowed import refusal
from modules.backbones.fingerprint import folder_fingerprint
from modules.backbones.unpacking import unpack
from modules.errors import InputError


class Fetched(NamedTuple):
    """A module's files: their folder, local or an address that TensorFlow reads, and sha256."""

    folder: str
    sha256: str


def fetch(handle: str, allowed: Sequence[str] = (), sha256: str = "") -> Fetched:
    """Resolves a handle, downloading and unpacking its archive where there is one.

    Args:
        handle: a folder, or the address of one in Hub's compressed form, which is kept under
            ``TFHUB_CACHE_DIR``.
        allowed: prefixes of what may be loaded (``allowed.refusal``); asked before anything is
            read or downloaded, and again for each address that a server leads on to.
        sha256: what ``folder_fingerprint`` must be; empty for any.

    Raises:
        InputError: when it may not be loaded, is not what it should be, or is not there.
    """
    _refuse(handle, handle, allowed)
    try:
        folder = _resolve(handle, allowed)
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
    """What a person is told when a module cannot be had."""
    return (
        f"backbone.handle: could not load {handle} ({type(error).__name__}: "
        f"{' '.join(str(error).split())[:300]}); it must be a SavedModel's folder or an address "
        "that serves one as a .tar.gz"
    )


def _refuse(handle: str, address: str, allowed: Sequence[str]) -> None:
    reason = refusal(address, allowed)
    if reason:
        leads = "" if address == handle else f", which leads on to {address}"
        raise InputError(
            f"backbone.handle: got {handle}{leads}, but {reason}; take one that it allows, or have "
            "it changed"
        )


def _resolve(handle: str, allowed: Sequence[str]) -> str:
    for archives in (_Web(allowed), _Bucket()):
        if archives.is_supported(handle):
            return str(archives(handle))
    folder = str(hub.resolve(handle))
    if folder != handle:  # A server has named a folder in a bucket.
        _refuse(handle, folder, allowed)
    return folder


class _Web(compressed_module_resolver.HttpCompressedFileResolver):
    """Hub's resolver of ``http`` and ``https``, which looks at where it is led and what it gets."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self._allowed = allowed

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            request = urllib.request.Request(self._append_compressed_format_query(handle))
            opener = urllib.request.build_opener(
                urllib.request.HTTPSHandler(context=self._context),
                _Redirects(handle, self._allowed),
            )
            with opener.open(request) as response:
                unpack(response, folder, handle)

        return _kept(handle, download)


class _Bucket(compressed_module_resolver.GcsCompressedFileResolver):
    """Hub's resolver of archives at ``gs`` addresses, which looks at what it gets."""

    def __call__(self, handle: str) -> str:
        def download(_: str, folder: str) -> None:
            with tf.io.gfile.GFile(handle, "rb") as archive:
                unpack(archive, folder, handle)

        return _kept(handle, download)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to addresses that are allowed, and never from ``https`` elsewhere."""

    def __init__(self, handle: str, allowed: Sequence[str]) -> None:
        self._handle, self._allowed = handle, allowed

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Called by urllib with where the server leads."""
        _refuse(self._handle, newurl, self._allowed)
        schemes = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in schemes:
            raise InputError(
                f"backbone.handle: {self._handle} leads on to {newurl}, which is not "
                f"{' or '.join(schemes)}; give the address where the archive is"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


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

"""Handles of models on Kaggle, where tfhub.dev redirects: the page's address, and the short form.

A request like Hub's to the page's address returns the archive, without an account unless the model
requires one. The short form, ``owner/model/tensorFlow2/variation/version``, goes through
``kagglehub``, with that program's own credentials and cache.
"""

import contextlib
import importlib.util
import io
import re
from typing import Any
from urllib.parse import urlsplit

from modules.errors import InputError

_FRAMEWORKS = (
    "tensorflow2", "tensorflow1", "tflite", "tfjs", "keras", "pytorch", "jax", "flax", "coral",
    "transformers", "onnx", "other",
)  # fmt: skip
_SHORT = re.compile(
    rf"[\w-]+/[\w.-]+/(?P<framework>{'|'.join(_FRAMEWORKS)})/[\w.-]+(/[1-9]\d*)?",
    re.IGNORECASE | re.ASCII,
)
_PAGES = "https://www.kaggle.com/models/"
_EXAMPLE = "google/mobilenet-v2/TensorFlow2/100-224-feature-vector/2"
_DENIED = (401, 403)
_NONE = 404


def is_short(handle: str) -> bool:
    """Whether a handle is Kaggle's short form, which is neither an address nor an absolute path."""
    return _SHORT.fullmatch(handle) is not None


def page_of(handle: str) -> str:
    """Returns the address of the page that a short form names."""
    return _PAGES + handle


def problem_of(handle: str) -> str:
    """Says what is wrong with a handle on Kaggle, with a remedy; empty for any other handle.

    No server is asked.
    """
    short = is_short(handle)
    split = urlsplit(handle)
    if not short and split.hostname not in ("kaggle.com", "www.kaggle.com"):
        return ""
    path = handle if short else split.path.removeprefix("/models/")
    parts = re.sub(r"/(frameworks|variations|versions)/", "/", path).strip("/").split("/")
    if not short and (not split.path.startswith("/models/") or len(parts) not in (4, 5)):
        return (
            f"{handle} is no page of a model's variation; name owner, model, framework, variation "
            f"and version, as in {_PAGES}{_EXAMPLE}"
        )
    if parts[2].lower() != "tensorflow2":
        return (
            f"{handle} is of the framework {parts[2]}, which cannot be fine-tuned here; take a "
            "TensorFlow2 variation"
        )
    if short and importlib.util.find_spec("kagglehub") is None:
        return (
            f"{handle} needs kagglehub, which is not installed; pip install kagglehub, or give the "
            f"page's address, {page_of(handle)}, which needs no account for models that are open "
            f"to all; a folder of that name is ./{handle}"
        )
    return ""


def download(handle: str) -> str:
    """Returns the folder where ``kagglehub`` keeps a model, after downloading it if it is missing.

    The package's output and errors are not passed on, since they may contain credentials.

    Args:
        handle: the short form.

    Raises:
        InputError: when the model cannot be downloaded.
    """
    problem = problem_of(handle)
    if problem:
        raise InputError(f"backbone.handle: {problem}")
    silent = io.StringIO()
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            import kagglehub

            return str(kagglehub.model_download(handle))
    except Exception as error:  # Whatever the package, the web or the disk raised.
        reason = _reason(handle, error)
    raise InputError(f"backbone.handle: could not load {handle} through kagglehub: {reason}")


def _reason(handle: str, error: Any) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _DENIED:
        return (
            f"Kaggle denies it ({status}); set KAGGLE_API_TOKEN or the like, and accept the "
            f"model's terms at {page_of(handle)}"
        )
    if status == _NONE:
        return f"Kaggle has no such model ({_NONE}); compare it with the page, {page_of(handle)}"
    kind = type(error).__name__ + (f", status {status}" if status else "")
    return f"{kind}; try kagglehub.model_download({handle!r}) in Python, which says more"

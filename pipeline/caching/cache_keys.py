"""Keeps paths out of TFX's cache keys, which then depend on inputs and not on where they lie."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.configuration.config import Config


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Replaces paths in a text, also where they are the beginning of longer paths.

    Args:
        text: may hold JSON, in which paths are escaped.
        names: a replacement for each path; if two paths fit, the longer one is replaced.
    """
    forms = {form: name for path, name in names.items() for form in (path, json.dumps(path)[1:-1])}
    longest = sorted(forms, key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest))
    # The pattern matches whole names only, not the beginning or end of a longer one.
    whole = rf"(?<![^\s\"'(=:,\[])(?:{pattern})(?=[/\"'\\),;:]|$)"
    return re.sub(whole, lambda match: forms[match[0]], text)


def names_of_paths(config: Config) -> dict[str, str]:
    """Returns names for a config's paths, whose content other properties of the keys cover."""
    golden = config.golden_ingest
    named = {
        str(config.root): "<root>",
        str(config.file): "<config>",
        config.data.path: "<data>",
        config.data.earlier or "": "<earlier>",
        config.data.image_root or "": "<images>",
        (golden and golden.path) or "": "<golden>",
        (golden and golden.image_root) or "": "<golden images>",
        config.backbone.handle: "<backbone>",
    }
    return {path: name for path, name in named.items() if Path(path).is_absolute()}


@contextmanager
def without_paths(names: Mapping[str, str]) -> Iterator[None]:
    """Makes TFX compute its cache keys with names in place of paths.

    Without this, a moved root or another checkout would do everything again, since TFX's keys
    contain the paths of all inputs, and the time at which their records were last written. What
    lies at the paths is in the key through other properties: the artifacts' ids, and fingerprints
    of content.

    Args:
        names: as for ``renamed``.
    """
    from tfx.orchestration.portable import cache_utils

    original: Callable[..., Any] = cache_utils.get_cache_context

    def with_names(**arguments: Any) -> Any:
        inputs = {
            key: [_without_path(artifact, names) for artifact in artifacts]
            for key, artifacts in (arguments.pop("input_artifacts", None) or {}).items()
        }
        parameters = {
            key: renamed(value, names) if isinstance(value, str) else value
            for key, value in (arguments.pop("parameters", None) or {}).items()
        }
        return original(**arguments, input_artifacts=inputs, parameters=parameters)

    cache_utils.get_cache_context = with_names
    try:
        yield
    finally:
        cache_utils.get_cache_context = original


def _without_path(artifact: Any, names: Mapping[str, str]) -> Any:
    """Returns a copy of an artifact for the key, without paths and times."""
    stripped = copy.deepcopy(artifact)
    proto = stripped.mlmd_artifact
    proto.ClearField("last_update_time_since_epoch")
    proto.uri = renamed(proto.uri, names)
    for properties in (proto.properties, proto.custom_properties):
        for value in properties.values():
            if value.HasField("string_value"):
                value.string_value = renamed(value.string_value, names)
    return stripped

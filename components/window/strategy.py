"""The window as TFX's Resolver asks for it; ``selection`` has the rule."""

from pathlib import Path
from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy

from components.records import spans
from components.window.selection import select
from modules.errors import InputError
from modules.settings import Window


class WindowStrategy(ResolverStrategy):
    """Gives the artifacts of the spans in the window, which the spans' own runs have written.

    Args:
        registry: the file of ``components.records.spans``, in the folder of the root.
        window: a ``Window`` as JSON.
    """

    def __init__(self, registry: str, window: str) -> None:
        self._registry, self._window = Path(registry), window

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        """Called by TFX.

        Args:
            store: ML Metadata's.
            input_dict: by channel, all artifacts of its type that any run has written.

        Returns:
            Those of the window, span after span; None if there are none, which ends the run.

        Raises:
            InputError: when one of them is missing: no model may be trained on less than is said.
        """
        del store
        selection = select(spans.read(self._registry), Window.model_validate_json(self._window))
        resolved = {}
        for key, artifacts in input_dict.items():
            by_uri = {artifact.uri: artifact for artifact in artifacts}
            uris = selection.artifacts(key, self._registry.parent)
            missing = [uri for uri in uris if uri not in by_uri]
            if missing:
                raise InputError(
                    f"root: {self._registry} names {missing[0]}, which ML Metadata does not know; "
                    "run it again, and the span is ingested again"
                )
            resolved[key] = [by_uri[uri] for uri in uris]
        return resolved if all(resolved.values()) else None

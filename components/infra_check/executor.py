"""TFX's InfraValidator, which takes a single Examples artifact, where there may be several."""

from collections.abc import Sequence
from typing import Any

from tfx.components.infra_validator import executor

from modules import features
from modules.images import shard_labels


class DockerExecutor(executor.Executor):
    """Takes its few requests from the latest span that has a test image."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        examples = latest_with_test_image(input_dict["examples"])
        super().Do({**input_dict, "examples": [examples]}, output_dict, exec_properties)


def latest_with_test_image(examples: Sequence[Any]) -> Any:
    """The Examples artifact of the latest span that has a test image; the latest if none has."""
    files = {artifact.uri: shard_labels.read(artifact.uri) for artifact in examples}
    ordered = sorted(examples, key=lambda artifact: files[artifact.uri].order, reverse=True)
    for artifact in ordered:
        shards = files[artifact.uri].shards
        if any(
            rows for name, rows in shards.items() if shard_labels.split_of(name) == features.TEST
        ):
            return artifact
    return ordered[0]

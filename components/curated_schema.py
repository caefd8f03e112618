"""The node that brings a curated schema into the graph.

TFX's ImportSchemaGen names the file by its path, so an edited file would be taken from the cache;
here the text itself is the node's parameter.
"""

import os

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts


@component
def CuratedSchema(  # noqa: N802 a component is a class to its users
    text: Parameter[str], schema: OutputArtifact[standard_artifacts.Schema]
) -> None:
    """Writes ``text``, a Schema in protobuf's text form, as a Schema artifact."""
    with open(os.path.join(schema.uri, "schema.pbtxt"), "w", encoding="utf-8") as file:
        file.write(text)

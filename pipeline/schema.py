"""What an example contains: the curated schema, and the features that a manifest adds."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.image_example_gen.sources import further_features
from components.records import domains, spans
from components.records.domains import Domains, Values
from components.window.selection import select
from modules import features
from modules.errors import InputError
from modules.text import cause
from pipeline.configuration.config import Config


def schema_text(config: Config, columns: Sequence[str], accepted: Domains | None = None) -> str:
    """The schema's file, completed by those of a manifest's further columns that it lacks.

    The nodes that train take it without ``accepted``: each accepted class would change their cache
    keys, and so train the same images again.

    Args:
        config: names the file.
        columns: a manifest's further columns.
        accepted: the labels and formats that a span may have. A list of labels in the schema's file
            itself holds too: a label must be in both.

    Raises:
        InputError: when the file is not a schema.
    """
    text, schema = read_schema(config)
    known = {feature.name for feature in schema.feature}
    more = schema_pb2.Schema(
        feature=[
            schema_pb2.Feature(name=name, type=schema_pb2.BYTES)
            for name in columns
            if name not in known
        ]
    )
    if accepted is None:
        return text + text_format.MessageToString(more, as_utf8=True)
    schema.MergeFrom(more)
    domains.limit(schema, accepted.values)
    return text_format.MessageToString(schema, as_utf8=True)


def accepted_values(config: Config, accepted: Domains) -> Values:
    """The labels and formats that a span may have, so far as the schema's file lists them too.

    Raises:
        InputError: when the file is not a schema.
    """
    _, schema = read_schema(config)
    domains.limit(schema, accepted.values)
    return {name: domains.values_of(schema, name) or () for name in accepted.values}


def read_schema(config: Config) -> tuple[str, schema_pb2.Schema]:
    """The text of the schema's file, the config's or Thaw's own, and the schema.

    Raises:
        InputError: when the file is not a schema.
    """
    path = config.data.schema_file or Path(features.__file__).with_name("schema.pbtxt")
    try:
        text = path.read_text(encoding="utf-8")
        return text, text_format.Parse(text, schema_pb2.Schema())
    except (OSError, ValueError, text_format.ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else cause(error)
        raise InputError(
            f"data.schema: {path} cannot be used ({reason}); give a Schema in protobuf's text "
            "form, such as modules/schema.pbtxt"
        ) from None


def columns_of_window(config: Config, registry: Path | None) -> list[str]:
    """The further columns of the spans in the window, those of the latest span first.

    Args:
        config: with a window.
        registry: the file of ``components.records.spans``; where it is not there, the latest span
            on the disk decides.
    """
    assert config.data.window is not None
    records = spans.read(registry) if registry else {}
    if not records:
        return further_features(config.data.ingest())
    selection = select(records, config.data.window)
    latest_first = reversed((*selection.older, *selection.whole))
    return list(dict.fromkeys(column for record in latest_first for column in record.columns))


def check_slices(config: Config, columns: Sequence[str]) -> None:
    """Refuses a rule by a feature that no image has, since it would never apply.

    Args:
        config: has the rules.
        columns: the further columns of the images.

    Raises:
        InputError: naming the feature.
    """
    known = [features.LABEL, *features.IMAGE_METADATA, *columns]
    for name in config.evaluation.slices:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            remedy = f"did you mean {near[0]}?" if near else f"name one of {', '.join(known)}"
            raise InputError(f"evaluation.rules: no image has a feature {name!r}; {remedy}")

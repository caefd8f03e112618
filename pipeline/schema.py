"""What an example contains: the curated schema, and the features that a manifest adds."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from modules import features
from modules.errors import InputError
from modules.text import cause
from pipeline.configuration.config import Config


def statistics_options(columns: Sequence[str]) -> tfdv.StatsOptions:
    """What StatisticsGen examines: the label, metadata and further columns, never the bytes."""
    return tfdv.StatsOptions(feature_allowlist=[features.LABEL, *features.IMAGE_METADATA, *columns])


def schema_text(config: Config, columns: Sequence[str]) -> str:
    """The schema's file, completed by those of a manifest's further columns that it lacks.

    Raises:
        InputError: when the file is not a schema, or a rule slices by an unknown feature.
    """
    _check_slices(config, columns)
    path = config.data.schema_file or Path(features.__file__).with_name("schema.pbtxt")
    try:
        text = path.read_text(encoding="utf-8")
        schema = text_format.Parse(text, schema_pb2.Schema())
    except (OSError, ValueError, text_format.ParseError) as error:
        reason = error.strerror if isinstance(error, OSError) else cause(error)
        raise InputError(
            f"data.schema: {path} cannot be used ({reason}); give a Schema in protobuf's text "
            "form, such as modules/schema.pbtxt"
        ) from None
    known = {feature.name for feature in schema.feature}
    more = schema_pb2.Schema(
        feature=[
            schema_pb2.Feature(name=name, type=schema_pb2.BYTES)
            for name in columns
            if name not in known
        ]
    )
    return text + text_format.MessageToString(more, as_utf8=True)


def _check_slices(config: Config, columns: Sequence[str]) -> None:
    """Refuses a rule by a feature that no image has, since it would never apply."""
    known = [features.LABEL, *features.IMAGE_METADATA, *columns]
    for name in config.evaluation.slices:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            remedy = f"did you mean {near[0]}?" if near else f"name one of {', '.join(known)}"
            raise InputError(f"evaluation.rules: no image has a feature {name!r}; {remedy}")

"""The labels and formats that later spans may have, and who accepted or removed which, and when.

The file is a Schema in protobuf's text form: a ``string_domain`` for each feature. Its history
is in comments of the same file, a line of JSON for each change, so that both change in one step.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from google.protobuf import text_format
from pydantic import ValidationError
from tensorflow_metadata.proto.v0 import schema_pb2

from components.disk import replace_whole
from components.records.base import Record
from modules import features
from modules.errors import InputError
from modules.text import as_json, printable

FEATURES = (features.LABEL, features.FORMAT)
_HEADING = """\
# Which labels and formats a span may have. thaw schema accept and thaw schema remove change this
# file and enter each change below. What else an image must fulfil is said in data.schema.
"""
_CHANGE = "# {"  # how the line of a change begins

Values = Mapping[str, tuple[str, ...]]


class Change(Record):
    """A change of the values that spans may have."""

    at: str
    """When, in UTC."""
    by: str
    """Who: a person's name, or `thaw`."""
    action: Literal["establish", "accept", "remove"]
    """What was done; `establish` writes down what the first pushed model knows."""
    values: dict[str, tuple[str, ...]]
    """By feature, the values that came or went."""
    reason: str
    """Why; may be empty."""
    before: str
    """Digest of all values before the change, hexadecimal."""
    after: str
    """Digest of all values after it."""


@dataclass(frozen=True)
class Domains:
    """The values that spans may have.

    Attributes:
        values: by feature, sorted. Of a feature that is missing here any value may occur.
        history: all changes, oldest first.
    """

    values: Values
    history: tuple[Change, ...] = ()

    def changed(
        self,
        action: Literal["establish", "accept", "remove"],
        values: Values,
        *,
        by: str,
        at: str,
        reason: str = "",
    ) -> "Domains":
        """With some values more or less, and the change in the history.

        Args:
            action: ``remove`` takes them out, the others put them in.
            values: by feature.
            by: who does it.
            at: when, in UTC.
            reason: why.
        """
        after = {name: set(accepted) for name, accepted in self.values.items()}
        for name, changed in values.items():
            before = after.get(name, set())
            after[name] = before - set(changed) if action == "remove" else before | set(changed)
        result = {name: tuple(sorted(after[name])) for name in FEATURES if name in after}
        change = Change(
            at=at,
            by=by,
            action=action,
            values={name: tuple(sorted(changed)) for name, changed in values.items()},
            reason=reason,
            before=digest(self.values),
            after=digest(result),
        )
        return Domains(result, (*self.history, change))

    def removed_labels(self, *, ever: bool = False) -> set[str]:
        """The labels that a person removed.

        Args:
            ever: with those that were accepted again later.
        """
        removed = {
            label
            for change in self.history
            if change.action == "remove"
            for label in change.values.get(features.LABEL, ())
        }
        return removed if ever else removed - set(self.values.get(features.LABEL, ()))


def digest(values: Values) -> str:
    """A sha256 of the values, hexadecimal."""
    return hashlib.sha256(as_json(dict(sorted(values.items()))).encode()).hexdigest()


def new_values(
    values: Mapping[str, Collection[str]], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """What data has and ``values`` lack.

    Args:
        values: by feature, those that may occur; of a feature that is missing here, any.
        counts: by feature, each value of the data with the number of its images.

    Returns:
        By feature, the values with their numbers; features without new values are left out.
    """
    result = {
        name: {
            value: n for value, n in sorted(of_feature.items()) if n and value not in values[name]
        }
        for name, of_feature in counts.items()
        if name in values
    }
    return {name: unknown for name, unknown in result.items() if unknown}


def limit(schema: schema_pb2.Schema, values: Values) -> None:
    """Limits features of a schema to some values.

    A list of values that the schema has for a feature itself holds too: only what is in both may
    occur.

    Args:
        schema: is changed.
        values: by feature.
    """
    for name, accepted in values.items():
        listed_already = values_of(schema, name)
        feature = next((feature for feature in schema.feature if feature.name == name), None)
        if feature is None:
            feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        allowed = [value for value in accepted if listed_already is None or value in listed_already]
        feature.string_domain.CopyFrom(schema_pb2.StringDomain(name=name, value=allowed))
        feature.distribution_constraints.min_domain_mass = 1.0


def values_of(schema: schema_pb2.Schema, name: str) -> tuple[str, ...] | None:
    """The values that a schema lists for a feature; None where it lists none."""
    for feature in schema.feature:
        if feature.name == name and feature.HasField("string_domain"):
            return tuple(feature.string_domain.value)
        if feature.name == name and feature.domain:
            for domain in schema.string_domain:
                if domain.name == feature.domain:
                    return tuple(domain.value)
    return None


def listed(schema: schema_pb2.Schema) -> dict[str, tuple[str, ...]]:
    """By feature, the values that a schema lists; features without a list are left out."""
    values = {name: values_of(schema, name) for name in FEATURES}
    return {name: accepted for name, accepted in values.items() if accepted is not None}


def read(path: Path) -> Domains | None:
    """What ``write`` wrote; None where there is no file.

    Raises:
        InputError: when the file cannot be read, or is not as ``write`` would write it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        schema = text_format.Parse(text, schema_pb2.Schema())
        values = {name: tuple(sorted(accepted)) for name, accepted in listed(schema).items()}
        problem = "" if _schema(values) == _sorted(schema) else "holds more than labels and formats"
        history = [Change.model_validate_json(line) for line in _lines_of_changes(text)]
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read ({type(error).__name__})"
    except (text_format.ParseError, ValidationError) as error:
        problem = f"is damaged ({type(error).__name__})"
    if problem:
        raise InputError(
            f"root: {path}, which lists the labels and formats that a span may have, {problem}; "
            "restore it from a copy (what else is to hold of the images is said in data.schema)"
        )
    return Domains(values, tuple(history))


def write(path: Path, domains: Domains) -> None:
    """Writes values and history: whole, or not at all; raises ``OSError``."""
    schema = _schema(domains.values)
    every = [value for accepted in domains.values.values() for value in accepted]
    readable = all(printable(value) == value for value in every)
    changes = "".join(
        f"# {as_json(change.model_dump(mode='json'))}\n" for change in domains.history
    )
    text = f"{_HEADING}{changes}\n{text_format.MessageToString(schema, as_utf8=readable)}"
    replace_whole(path, text.encode())


def _schema(values: Values) -> schema_pb2.Schema:
    schema = schema_pb2.Schema()
    limit(schema, dict(sorted(values.items())))
    return schema


def _sorted(schema: schema_pb2.Schema) -> schema_pb2.Schema:
    """A copy in the order of ``_schema``: a person may have added a value at another place."""
    result = schema_pb2.Schema()
    result.CopyFrom(schema)
    result.feature.sort(key=lambda feature: feature.name)
    for feature in result.feature:
        if feature.HasField("string_domain"):
            feature.string_domain.value.sort()
    return result


def _lines_of_changes(text: str) -> Iterable[str]:
    lines = text.split("\n")
    return [line.removeprefix("# ") for line in lines if line.startswith(_CHANGE)]

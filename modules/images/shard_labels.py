"""What the records of an Examples artifact are, in one file beside its splits.

Trainer must know every label before it begins. It finds them here, and need not read the images
for them. Of a span that is read together with others, the file also says which bytes each record
holds, so that records that must not be used are passed over without being parsed.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

# In the folder of the Examples artifact: {"fingerprint": of the data, "labels": [label, ...],
# "shards": {"Split-train/NAME": [place of the label of each record, ...], ...}}, and "span" for
# one that is read together with others, as ``SpanPart``.
FILE = "labels.json"
# Of a sha256, hexadecimal: 128 bits tell any number of images apart.
DIGITS = 32


@dataclass(frozen=True)
class SpanPart:
    """Which part of which span an Examples artifact holds.

    Attributes:
        number: of the span.
        version: of the span; 0 for none.
        older: whether it is the part that stays when the span is older than the window.
        digests: by shard, those of its records, of ``DIGITS`` digits each, one behind the other.
        contradicted: the digests of bytes that the span has under two labels, or another span under
            another one.
    """

    number: int
    version: int = 0
    older: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)
    contradicted: Sequence[str] = ()

    def digests_of(self, shard: str) -> list[str]:
        """Of the records of a shard, in their order."""
        text = self.digests[shard]
        return [text[i : i + DIGITS] for i in range(0, len(text), DIGITS)]


@dataclass(frozen=True)
class LabelsFile:
    """What a file says.

    Attributes:
        folder: of the Examples artifact.
        text: the file's; empty where there is none, since another component wrote the artifact.
        fingerprint: of the data that the records hold.
        labels: the classes.
        shards: by shard, the places in ``labels`` of those of its records.
        span: None for data that is not read together with other spans.
    """

    folder: str
    text: str = ""
    fingerprint: str = ""
    labels: Sequence[str] = ()
    shards: Mapping[str, Sequence[int]] = field(default_factory=dict)
    span: SpanPart | None = None

    @property
    def order(self) -> tuple[int, int, bool, str]:
        """Spans come in the order of their numbers, whatever the folders are called."""
        if self.span is None:
            return -1, 0, False, self.folder
        return self.span.number, self.span.version, self.span.older, self.folder


def write(
    folder: str, fingerprint: str, labels: Mapping[str, Sequence[str]], span: SpanPart | None = None
) -> None:
    """Writes ``FILE`` to the folder of an Examples artifact.

    Args:
        folder: the artifact's.
        fingerprint: of the data that the records hold.
        labels: by each shard's ``name_of``, the labels of its records in their order.
        span: which part of which span they are.
    """
    names = sorted({label for of_shard in labels.values() for label in of_shard})
    places = {label: place for place, label in enumerate(names)}
    content: dict[str, Any] = {
        "fingerprint": fingerprint,
        "labels": names,
        "shards": {name: [places[label] for label in labels[name]] for name in sorted(labels)},
    }
    if span is not None:
        digests = {name: span.digests[name] for name in sorted(span.digests)}
        contradicted = sorted(span.contradicted)
        content["span"] = {**vars(span), "digests": digests, "contradicted": contradicted}
    with tf.io.gfile.GFile(f"{folder}/{FILE}", "w") as file:
        file.write(json.dumps(content))


def name_of(shard: str) -> str:
    """A shard's name in the file: that of its split's folder and its own."""
    return "/".join(shard.split("/")[-2:])


def split_of(name: str) -> str:
    """The split of a shard, by its ``name_of``."""
    return name.partition("/")[0].removeprefix("Split-")


def artifact_of(shard: str) -> str:
    """The folder of the artifact that a shard is in."""
    return os.path.dirname(os.path.dirname(shard))


def read(folder: str) -> LabelsFile:
    """What the file in an artifact's folder says."""
    path = f"{folder}/{FILE}"
    if not tf.io.gfile.exists(path):
        return LabelsFile(folder)
    with tf.io.gfile.GFile(path, "r") as file:
        text = str(file.read())
    content = json.loads(text)
    span = SpanPart(**content["span"]) if content.get("span") else None
    return LabelsFile(
        folder, text, content["fingerprint"], content["labels"], content["shards"], span
    )

"""The labels of all records, in one file beside the splits of ImageExampleGen's Examples.

Trainer must know every label before it begins. It finds them here, and need not read the images
for them.
"""

import json
import os
from collections.abc import Mapping, Sequence

import tensorflow as tf

# In the folder of the Examples artifact: {"fingerprint": of the data, "labels": [label, ...],
# "shards": {"Split-train/NAME": [place of the label of each record, ...], ...}}.
FILE = "labels.json"


def write(folder: str, fingerprint: str, labels: Mapping[str, Sequence[str]]) -> None:
    """Writes ``FILE`` to the folder of an Examples artifact.

    Args:
        folder: the artifact's.
        fingerprint: of the data that the records hold.
        labels: by each shard's ``name_of``, the labels of its records in their order.
    """
    names = sorted({label for of_shard in labels.values() for label in of_shard})
    places = {label: place for place, label in enumerate(names)}
    content = {
        "fingerprint": fingerprint,
        "labels": names,
        "shards": {name: [places[label] for label in labels[name]] for name in sorted(labels)},
    }
    with tf.io.gfile.GFile(f"{folder}/{FILE}", "w") as file:
        file.write(json.dumps(content))


def name_of(shard: str) -> str:
    """A shard's name in the file: that of its split's folder and its own."""
    return "/".join(shard.split("/")[-2:])


def read(shards: Sequence[str]) -> list[str] | None:
    """The labels of all records of some shards, shard after shard.

    Returns:
        None where a shard is in no such file: another component has written it.
    """
    labels: list[str] = []
    files = {folder: json.loads(text or "{}") for folder, text in _texts(shards).items()}
    for shard in shards:
        file = files[_artifact_of(shard)]
        places = file.get("shards", {}).get(name_of(shard))
        if places is None:
            return None
        labels += [file["labels"][place] for place in places]
    return labels


def content(shards: Sequence[str]) -> list[str]:
    """The text of the file beside each split's folder that holds one of some shards."""
    return list(_texts(shards).values())


def _texts(shards: Sequence[str]) -> dict[str, str]:
    """The files' texts by the artifact's folder; empty where there is no file."""
    texts = {}
    for folder in sorted({_artifact_of(shard) for shard in shards}):
        path = f"{folder}/{FILE}"
        texts[folder] = ""
        if tf.io.gfile.exists(path):
            with tf.io.gfile.GFile(path, "r") as file:
                texts[folder] = str(file.read())
    return texts


def _artifact_of(shard: str) -> str:
    return os.path.dirname(os.path.dirname(shard))

"""Both models' answers to the same images: the rows that an evaluation keeps.

A row is a serialized ``tf.Example``: ``sha256`` of the image's bytes, its ``label``, each model's
scores, and the features that rules slice by. The classes of the scores are written once, beside the
rows.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules import features
from modules.text import as_json

ROWS = "predictions"  # the prefix of the files
GOLDEN_ROWS = "golden"  # the same of the answers to a golden set
_LABELS_FILE = "labels.json"
_SHA256 = "sha256"
CANDIDATE = "candidate"
BASELINE = "baseline"


@dataclass(frozen=True)
class Answers:
    """One model's answers to n images.

    Attributes:
        labels: the classes that it knows, in the order of its scores.
        rank: int64 [n]: how many classes scored higher than the true one, 0 for a hit; the number
            of classes where it does not know the true one.
        confidence: float64 [n], in [0, 1]: the highest score.
        predicted: int64 [n]: the place in ``labels`` of the class that has the highest score.
        true: int64 [n]: the place in ``labels`` of the true class, -1 where it is not there.
    """

    labels: tuple[str, ...]
    rank: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int64]
    true: npt.NDArray[np.int64]

    @property
    def hit(self) -> npt.NDArray[np.bool_]:
        """Whether the highest score is that of the true class, bool [n]."""
        return np.asarray(self.rank == 0)

    def of(self, chosen: npt.NDArray[Any]) -> "Answers":
        """The answers to some of the images."""
        return Answers(
            labels=self.labels,
            rank=self.rank[chosen],
            confidence=self.confidence[chosen],
            predicted=self.predicted[chosen],
            true=self.true[chosen],
        )


@dataclass(frozen=True)
class Predictions:
    """Candidate and baseline on the same n images, in an order that depends on the images alone.

    Attributes:
        label: str [n], the true classes.
        features: by name, float64 [n] or str [n]; NaN or the empty text where an image has none.
        candidate: the answers of the model that is judged.
        baseline: the answers of the model that it is compared with, None for none.
    """

    label: npt.NDArray[np.str_]
    features: dict[str, npt.NDArray[Any]]
    candidate: Answers
    baseline: Answers | None = None

    def of(self, chosen: npt.NDArray[Any]) -> "Predictions":
        """Some of the images, by a mask or by places."""
        return Predictions(
            self.label[chosen],
            {name: values[chosen] for name, values in self.features.items()},
            self.candidate.of(chosen),
            self.baseline.of(chosen) if self.baseline else None,
        )


def answers_of(
    labels: Sequence[str], scores: npt.NDArray[Any], places: npt.NDArray[np.int64]
) -> Answers:
    """A model's answers, from its scores.

    Args:
        labels: the classes that it knows.
        scores: [n, classes].
        places: int64 [n], of the true classes among them; -1 for one that it does not know.
    """
    n = len(scores)
    true = scores[np.arange(n), places][:, None]
    # Equal scores go to the first, as argmax has it.
    before = np.arange(len(labels)) < places[:, None]
    rank = (scores > true).sum(axis=1) + ((scores == true) & before).sum(axis=1)
    rank = np.where(places < 0, len(labels), rank).astype(np.int64)
    return Answers(
        labels=tuple(labels),
        rank=rank,
        confidence=scores.max(axis=1).astype(np.float64),
        predicted=scores.argmax(axis=1).astype(np.int64),
        true=places.astype(np.int64),
    )


def write_labels(folder: Path, labels: Mapping[str, Sequence[str]]) -> None:
    """Writes the classes of each model's scores."""
    text = as_json(labels, indent=1)
    (folder / _LABELS_FILE).write_text(text, encoding="utf-8")


def row(image: bytes, label: bytes, scores: Mapping[str, Any], more: Mapping[str, Any]) -> bytes:
    """One image's row.

    Args:
        image: its bytes.
        label: its class.
        scores: by model, [classes].
        more: features by name: bytes, text, or a number; None for one that the image lacks.
    """
    fields = {
        _SHA256: _bytes(hashlib.sha256(image).hexdigest().encode()),
        features.LABEL: _bytes(label),
    }
    for model, values in scores.items():
        fields[_scores_of(model)] = _floats(np.asarray(values, np.float32).ravel())
    for name, value in more.items():
        if isinstance(value, bytes | str):
            text = value.encode() if isinstance(value, str) else value
            fields[_feature_of(name)] = _bytes(text)
        elif value is not None:
            fields[_feature_of(name)] = _floats([float(value)])
    return bytes(tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString())


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _floats(values: Any) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def _scores_of(model: str) -> str:
    return f"{model}_scores"


def _feature_of(name: str) -> str:
    return f"feature/{name}"


def _rows(folder: str, prefix: str = ROWS) -> Iterator[Mapping[str, Any]]:
    files = sorted(tf.io.gfile.glob(f"{folder}/{prefix}-*"))
    for record in tf.data.TFRecordDataset(files).as_numpy_iterator():
        yield tf.train.Example.FromString(record).features.feature


def read_scores(folder: str, limit: int | None = None) -> dict[str, npt.NDArray[np.float32]]:
    """The candidate's scores, float32 [classes], by the sha256 (hexadecimal) of an image's bytes.

    Args:
        folder: of the ModelEvaluation artifact.
        limit: how many images at most.
    """
    by_image: dict[str, npt.NDArray[np.float32]] = {}
    for fields in _rows(folder):
        if limit is not None and len(by_image) >= limit:
            break
        scores = np.array(fields[_scores_of(CANDIDATE)].float_list.value, np.float32)
        by_image[fields[_SHA256].bytes_list.value[0].decode()] = scores
    return by_image


def read(folder: str, prefix: str = ROWS) -> Predictions:
    """All rows of an evaluation, to test images or to golden ones, sorted by the images' sha256."""
    labels = json.loads(Path(folder, _LABELS_FILE).read_text(encoding="utf-8"))
    places = {model: {name: i for i, name in enumerate(names)} for model, names in labels.items()}
    rows = []
    for fields in _rows(folder, prefix):
        label = fields[features.LABEL].bytes_list.value[0].decode()
        # Only what metrics need of the scores is kept: there may be thousands of classes.
        answers = {
            model: answers_of(
                names,
                np.array([fields[_scores_of(model)].float_list.value]),
                np.array([places[model].get(label, -1)]),
            )
            for model, names in labels.items()
        }
        more = {
            name.removeprefix(_feature_of("")): _value(feature)
            for name, feature in fields.items()
            if name.startswith(_feature_of(""))
        }
        rows.append((fields[_SHA256].bytes_list.value[0], label, answers, more))
    rows.sort(key=lambda row: row[0])
    models = {
        model: _together(tuple(names), [row[2][model] for row in rows])
        for model, names in labels.items()
    }
    return Predictions(
        np.array([row[1] for row in rows], np.str_),
        _columns([row[3] for row in rows]),
        models[CANDIDATE],
        models.get(BASELINE),
    )


def _together(labels: tuple[str, ...], answers: Sequence[Answers]) -> Answers:
    """A model's answers to single images as one object."""

    def column(name: str, kind: type) -> npt.NDArray[Any]:
        return np.array([getattr(answer, name)[0] for answer in answers], kind)

    return Answers(
        labels=labels,
        rank=column("rank", np.int64),
        confidence=column("confidence", np.float64),
        predicted=column("predicted", np.int64),
        true=column("true", np.int64),
    )


def _value(feature: Any) -> float | str:
    if feature.float_list.value:
        return float(feature.float_list.value[0])
    return str(feature.bytes_list.value[0].decode(errors="replace"))


def _columns(rows: list[dict[str, float | str]]) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in sorted({name for row in rows for name in row}):
        values = [row.get(name) for row in rows]
        numbers = all(isinstance(value, float) for value in values if value is not None)
        missing: float | str = np.nan if numbers else ""
        columns[name] = np.array([missing if value is None else value for value in values])
    return columns

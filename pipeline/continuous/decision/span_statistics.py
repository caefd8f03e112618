"""Reads what StatisticsGen wrote of a span."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow_metadata.proto.v0 import statistics_pb2

from modules import features
from pipeline.continuous.decision.drift import Histogram

_FILE = "Split-{split}/FeatureStats.pb"  # StatisticsGen's; a DatasetFeatureStatisticsList
_QUANTILES = statistics_pb2.Histogram.HistogramType.QUANTILES


@dataclass(frozen=True)
class SpanStatistics:
    """The statistics of a span's images, those of all splits.

    Attributes:
        numbers: by feature, a histogram of each split that has images.
        words: by feature, how many images have each value.
    """

    numbers: Mapping[str, tuple[Histogram, ...]]
    words: Mapping[str, Mapping[str, float]]


def read(folder: Path) -> SpanStatistics | None:
    """What an artifact of StatisticsGen says of the splits that a run has.

    Imports no TensorFlow.

    Args:
        folder: the artifact's.

    Returns:
        None where no split's statistics can be read: somebody has removed them.
    """
    numbers: dict[str, list[Histogram]] = {}
    words: dict[str, dict[str, float]] = {}
    for split in features.SPLITS:
        for feature in _features(folder / _FILE.format(split=split)):
            name = feature.name or ".".join(feature.path.step)
            if feature.HasField("num_stats"):
                numbers.setdefault(name, []).extend(_quantiles(feature.num_stats))
            elif feature.HasField("string_stats"):
                counts = words.setdefault(name, {})
                for top in feature.string_stats.top_values:
                    counts[top.value] = counts.get(top.value, 0.0) + top.frequency
    if not numbers and not words:
        return None
    return SpanStatistics({name: tuple(each) for name, each in numbers.items()}, words)


def _features(file: Path) -> list[statistics_pb2.FeatureNameStatistics]:
    """A split's; none where the file is not there or damaged, or the split is empty."""
    try:
        content = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes())
    except (OSError, DecodeError):
        return []
    return [feature for dataset in content.datasets for feature in dataset.features]


def _quantiles(numbers: statistics_pb2.NumericStatistics) -> list[Histogram]:
    """The histogram by quantiles, if there is one with images."""
    for histogram in numbers.histograms:
        if histogram.type == _QUANTILES and histogram.buckets:
            lows, highs, counts = np.array(
                [[b.low_value, b.high_value, b.sample_count] for b in histogram.buckets]
            ).T
            return [Histogram(lows, highs, counts)]
    return []

"""Statistics as TensorFlow Data Validation writes them, and what is read of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory

from pipeline.continuous.decision import span_statistics
from pipeline.continuous.decision.drift import Pool, jensen_shannon
from tests.conftest import PROJECT


def write(folder: Path, split: str, **columns: list[int] | list[float] | list[str]) -> None:
    """Statistics of a split with a value an image in each column."""
    batch = pa.RecordBatch.from_arrays(
        [pa.array([[value] for value in values]) for values in columns.values()], list(columns)
    )
    statistics = generate_statistics_in_memory(batch, tfdv.StatsOptions())
    file = folder / f"Split-{split}" / "FeatureStats.pb"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(statistics.SerializeToString())


def test_statistics_hold_exact_counts_where_a_bucket_ends(tmp_path: Path) -> None:
    widths = [100] * 34 + [200] * 33 + [300] * 33 + [640]
    write(tmp_path, "train", width=widths)
    statistics = span_statistics.read(tmp_path)
    assert statistics is not None
    (histogram,) = statistics.numbers["width"]
    points = np.array([99.0, 100.0, 200.0, 300.0, 640.0])
    assert histogram.up_to(points) == pytest.approx([0, 34, 67, 100, 101], abs=1e-6)


def test_another_size_in_a_span_is_the_only_difference_that_is_seen(tmp_path: Path) -> None:
    write(tmp_path / "one", "train", width=[100] * 50 + [200] * 50)
    write(tmp_path / "other", "train", width=[100] * 50 + [200] * 50 + [900])
    pools = []
    for name in ("one", "other"):
        statistics = span_statistics.read(tmp_path / name)
        assert statistics is not None
        pools.append(Pool.of((h, 1.0) for h in statistics.numbers["width"]))
    assert pools[0] is not None
    assert pools[1] is not None
    assert 0.0 < jensen_shannon(pools[0], pools[1]) < 0.02


def test_all_splits_are_read_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "train", brightness=[0.25, 0.5], format=["PNG", "JPEG"])
    write(tmp_path, "test", brightness=[0.75], format=["PNG"])
    write(tmp_path, "labels", brightness=[0.0] * 5, format=["GIF"] * 5)
    statistics = span_statistics.read(tmp_path)
    assert statistics is not None
    assert statistics.words["format"] == {"PNG": 2.0, "JPEG": 1.0}
    assert sum(h.counts.sum() for h in statistics.numbers["brightness"]) == pytest.approx(3)


def test_statistics_that_are_gone_or_damaged_are_none(tmp_path: Path) -> None:
    assert span_statistics.read(tmp_path) is None
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "FeatureStats.pb").write_bytes(b"\xff\xff")
    assert span_statistics.read(tmp_path) is None


def test_reading_statistics_imports_no_tensorflow() -> None:
    code = (
        "import sys; import pipeline.continuous.decision.span_statistics; "
        "print(sorted({'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip() == "[]"

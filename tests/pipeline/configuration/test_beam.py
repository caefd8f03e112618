"""The flags that every Beam pipeline gets."""

from pathlib import Path

import pytest

from pipeline.configuration import loading
from pipeline.configuration.beam import Beam


def written(folder: Path) -> Path:
    path = folder / "birds.yaml"
    path.write_text("data: {path: photos}\nbackbone: {handle: ../module}\n", encoding="utf-8")
    return path


def test_beam_runs_in_the_direct_engine_unless_another_runner_is_named(tmp_path: Path) -> None:
    path = written(tmp_path)
    own = loading.load(path).beam.pipeline_args()
    assert "--runner=FnApiRunner" in own
    assert "--direct_running_mode=in_memory" in own
    many = loading.load(path, ["beam={mode: multi_processing, workers: 2}"]).beam.pipeline_args()
    assert "--direct_num_workers=2" in many
    other = loading.load(path, ["beam.args=[--runner=FlinkRunner]"]).beam.pipeline_args()
    assert other == ["--runner=FlinkRunner"]


@pytest.mark.parametrize(
    ("cores", "mode", "workers"),
    [(1, "in_memory", 1), (2, "in_memory", 1), (8, "multi_processing", 8)],
)
def test_workers_are_started_where_one_process_does_not_use_all_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, mode: str, workers: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    flags = Beam(mode="multi_processing").pipeline_args()
    assert f"--direct_running_mode={mode}" in flags
    assert f"--direct_num_workers={workers}" in flags
    assert "--direct_running_mode=in_memory" in Beam(workers=4).pipeline_args()

"""What Beam's workers run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from components.image_example_gen import beam_worker, report
from components.image_example_gen.sources import list_all
from modules.images import shards as stored
from tests.components.conftest import SHARES, asked


def test_a_worker_imports_no_tfx() -> None:
    code = (
        "import sys; from components.image_example_gen import beam_worker; "
        "print(sorted({'tfx', 'tensorflow_model_analysis'} & {*sys.modules}), beam_worker.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] components.image_example_gen.beam_worker\n"


def test_packed_chunks_are_written_and_reported_together(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    for label, content in zip("ab", pictures, strict=False):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "one.png").write_bytes(content)
    options = asked(tmp_path / "data")
    packed = [beam_worker.pack(number, [file]) for number, file in enumerate(list_all(options))]
    folders = {split: str(tmp_path / "out" / split) for split in SHARES}
    job: dict[str, Any] = {"folders": folders, "shares": SHARES, "options": options}
    keys, chunks = zip(
        *(beam_worker.write(chunk, chunks=2, images=2, **job) for chunk in packed), strict=True
    )
    assert len(set(keys)) == 1
    written = [path.name for path in (tmp_path / "out").rglob("images-*") if path.stat().st_size]
    assert sorted(written) == ["images-00000-00000.tfrecord", "images-00001-00000.tfrecord"]
    where = report.Files(tmp_path / "report.json", tmp_path / "quarantine.jsonl")
    targets = [beam_worker.Target(str(tmp_path / "out"))]
    beam_worker.write_report((keys[0], chunks), {"duplicates": 3}, where, targets, "f")
    record = json.loads(where.report.read_text())
    assert sum(sum(counts.values()) for counts in record["images"].values()) == 2
    assert record["duplicates"] == 3
    assert where.quarantine.read_text() == ""
    shards = stored.find([f"{folder}/images-*" for folder in folders.values()])
    labels = shards.labels()
    assert labels is not None
    assert sorted(labels) == ["a", "b"]
    assert json.loads(*shards.texts)["fingerprint"] == "f"

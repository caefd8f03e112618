"""How often a run reads each byte of the images, and where its seconds go.

    python -m benchmarks.reads [--images N ...]     needs strace, so Linux

Makes N small photos, and runs Thaw on them twice: from nothing, and again with nothing new. Each
pair of runs is made once without strace, for the seconds, and once under it, for the counts. strace
sees what the kernel is asked for, whichever library asks: Python, Beam or TensorFlow's C++ code.

Printed, and written to ``results/reads.jsonl``, by stage of a run: seconds; processor seconds,
which tell more where others use the machine; and

- ``images``: bytes read of the image files, by the bytes that they hold;
- ``records``: bytes read of ImageExampleGen's TFRecords, by the bytes that those hold;
- ``listings``: how often each folder of images is listed;
- ``stats``: how often the size or date of each image is asked for by its path.

Stages end where ``thaw run`` says so; Trainer's ends here with its first epoch, before which the
first training step lies.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import kernel_calls

PROJECT = Path(__file__).parent.parent
BACKBONE = PROJECT / "data" / "backbones" / "glyphs_cnn_32"
RESULTS = PROJECT / "benchmarks" / "results" / "reads.jsonl"
CLASSES = 10
SIZE = (160, 120)
TRAINED = "trainer, first epoch"
_CONFIG = """
data: {{path: {data}}}
backbone: {{handle: {backbone}, input_range: [0, 1]}}
finetune:
  stages: [{{name: head, unfreeze: none, epochs: 2, learning_rate: 0.003}}]
beam: {{mode: in_memory}}
"""


@dataclass
class Run:
    """One run.

    Attributes:
        started: in seconds since 1970.
        ends: when each stage ended.
        used: processor seconds of the process, and of those that it has waited for, until then.
        counts: what each stage asked for; empty where strace did not look.
    """

    started: float
    ends: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    counts: dict[str, kernel_calls.Counts] = field(default_factory=dict)

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, and of all."""
        return _differences(self.ends, self.started)

    def processor_seconds(self) -> dict[str, float]:
        """Processor seconds of each stage, and of all."""
        return _differences(self.used, 0.0)


def _differences(ends: Mapping[str, float], start: float) -> dict[str, float]:
    values = [start, *ends.values()]
    result = {
        stage: round(end - begin, 2)
        for stage, begin, end in zip(ends, values, values[1:], strict=False)
    }
    return {**result, "total": round(values[-1] - start, 2)}


def photos(count: int) -> Path:
    """A folder of ``count`` JPEGs in ten class folders, no two alike, about 9 KB each.

    A class is a pattern of colours; each image has another one over it, and a sensor's noise.
    """
    root = Path(tempfile.gettempdir()) / f"thaw-small-photos-{count}"
    if (root / "complete").exists():
        return root / "photos"
    patterns = np.random.default_rng(0).integers(0, 256, (CLASSES, 6, 8, 3))
    for number in range(count):
        rng = np.random.default_rng(number)
        pattern = (patterns[number % CLASSES] + rng.integers(0, 256, (6, 8, 3))) / 2
        photo = Image.fromarray(pattern.astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
        noise = rng.integers(-8, 9, (SIZE[1], SIZE[0], 3))
        pixels = (np.asarray(photo) + noise).clip(0, 255).astype(np.uint8)
        folder = root / "photos" / str(number % CLASSES)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:06d}.jpg", quality=92)
    (root / "complete").touch()
    return root / "photos"


def run(config: Path, data: Path, root: Path, trace: Path | None = None) -> Run:
    """Runs ``thaw run`` in a process of its own.

    Args:
        config: of the run.
        data: its folder of images.
        root: the pipeline's.
        trace: a folder for strace's files; None runs without it.
    """
    command = [str(Path(sys.executable).with_name("thaw")), "run", str(config)]
    command += ["--root", str(root)]
    if trace is not None:
        trace.mkdir()
        command = [*kernel_calls.tracer(trace), *command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = Run(time.time())
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            stage = _ended(line)
            if stage and stage not in result.ends:
                result.ends[stage] = time.time()
                result.used[stage] = _used_by(process.pid)
    # 3: the gate refuses the model, which is of no matter here.
    if process.returncode not in (0, 3):
        sys.exit(f"bench: {' '.join(command)} failed:\n{''.join(lines)}")
    result.ends["end"] = time.time()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result.used["end"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if trace is not None:
        result.counts = kernel_calls.by_stage(trace, data, result.ends)
    return result


def _used_by(process: int) -> float:
    """Processor seconds of a process and of those that it has waited for."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _ended(line: str) -> str:
    """The stage that a line of ``thaw run`` says has ended; empty for other lines."""
    if line.startswith("data:"):
        return "checks"
    if re.match(r"trainer stage=\S+ epoch=1/", line):
        return TRAINED
    named = re.match(r"(\w+) (?:done|has nothing new) in", line)
    return named[1] if named else ""


def measure(count: int, *, traced: bool) -> list[dict[str, Any]]:
    """Rows of a first and a second run.

    Args:
        count: of the images.
        traced: whether the runs are made again, under strace.
    """
    data = photos(count)
    held = sum(path.stat().st_size for path in data.glob("*/*.jpg"))
    with tempfile.TemporaryDirectory(prefix="thaw-reads-") as name:
        folder = Path(name)
        config = folder / "reads.yaml"
        config.write_text(_CONFIG.format(data=data, backbone=BACKBONE), encoding="utf-8")
        runs = [run(config, data, folder / "root") for _ in range(2)]
        if traced:
            shutil.rmtree(folder / "root")
            for turn, plain in enumerate(runs):
                trace = folder / f"trace-{turn}"
                plain.counts = run(config, data, folder / "root", trace).counts
                shutil.rmtree(trace)
        shards = (folder / "root").glob("artifacts/ImageExampleGen/examples/*/*/*.tfrecord")
        written = sum(path.stat().st_size for path in shards)
    return [
        {
            "images": count,
            "run": name,
            "seconds": each.seconds(),
            "processor_seconds": each.processor_seconds(),
            "reads": {
                stage: {
                    "images": round(counts.images / held, 2),
                    "records": round(counts.records / written, 2),
                    "listings": round(counts.listings / (CLASSES + 1), 2),
                    "stats": round(counts.stats / count, 2),
                }
                for stage, counts in each.counts.items()
            },
        }
        for name, each in zip(("first", "nothing new"), runs, strict=True)
    ]


def table(row: dict[str, Any]) -> str:
    """One run in Markdown: stages that read images or records, or take half a second."""
    lines = [
        f"| {row['images']} images, {row['run']} | s | processor s | images | records | listings "
        "| stats |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    total: Counter[str] = Counter()
    for stage, seconds in row["seconds"].items():
        reads = total if stage == "total" else row["reads"].get(stage, {})
        if stage != "total":
            total.update(reads)
        if any(reads.values()) or seconds >= 0.5:
            used = row["processor_seconds"][stage]
            cells = " | ".join(f"{value:.2f}" for value in reads.values())
            lines.append(f"| {stage} | {seconds:.1f} | {used:.1f} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--seconds", action="store_true", help="no counts, so no strace")
    arguments = parser.parse_args()
    if not arguments.seconds and shutil.which("strace") is None:
        sys.exit("bench: needs strace, which is not on this machine")
    for count in arguments.images:
        rows = measure(count, traced=not arguments.seconds)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        print("\n\n".join(map(table, rows)), flush=True)


if __name__ == "__main__":
    main()

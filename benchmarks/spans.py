"""What ingesting a span reads, writes and takes, when spans come one after the other.

    python -m benchmarks.spans [--spans N] [--images N]     needs strace, so Linux; half an hour

Puts 10 spans of 500 photo-sized JPEGs (``benchmarks.photo_files``) in place, and runs ``thaw run``
over a window of four after each: once without strace, for the seconds and the memory, and once
under it, for the counts. strace sees what the kernel is asked for, whichever library asks.

Printed, and written to ``results/spans.jsonl`` and as a table to ``README.md``, by span:

- seconds of all that comes before the training, and the most memory that was held until then;
- bytes read of the new span's image files and of others', by the bytes that the new span's hold;
- bytes written of its records, likewise;
- which nodes read records of the new span and of older ones, likewise.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import kernel_calls, photo_files
from benchmarks.measure import bytes_in
from benchmarks.page import put
from components.records import spans
from pipeline.state.node_records import read_all
from pipeline.state.root import Root

PROJECT = Path(__file__).parent.parent
BACKBONE = PROJECT / "data" / "backbones" / "glyphs_cnn_32"
RESULTS = PROJECT / "benchmarks" / "results" / "spans.jsonl"
# A file that was written less than 3 s before it is read may be read once more by the next scan.
SETTLED = 4.0  # seconds
_CONFIG = """
data: {{path: "{data}/span-{{SPAN}}", window: {{spans: 4, older: {{fraction: 0.1}}}}}}
backbone: {{handle: {backbone}, input_range: [0, 1]}}
finetune:
  stages: [{{name: head, unfreeze: none, epochs: 1, learning_rate: 0.003}}]
evaluation: {{min_accuracy: 0, margin: 0.9, max_drop: 1, max_class_drop: 1, no_skill: allow,
  zero_recall: allow}}
retrain: {{quarantine: {{min_agreement: 0}}}}
beam: {{mode: in_memory}}
"""


@dataclass
class Run:
    """A run after a span has come.

    Attributes:
        ends: when each stage ended, in seconds since 1970; the stages before the training have the
            span's number in their names.
        seconds: until the training's first node began.
        peak_mb: the most memory that was held until then.
        images: bytes read of image files, by span.
        records: bytes read of records, by stage and span.
    """

    ends: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_mb: float = 0.0
    images: Counter[int] = field(default_factory=Counter)
    records: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))


def run(config: Path, root: Path, data: Path, trace: Path | None = None) -> Run:
    """Runs ``thaw run`` in a process of its own.

    Args:
        config: of the run.
        root: the pipeline's.
        data: the folder of the spans.
        trace: a folder for strace's files; None runs without it.
    """
    command = [str(Path(sys.executable).with_name("thaw")), "run", str(config)]
    command += ["--root", str(root)]
    if trace is not None:
        trace.mkdir()
        command = [*kernel_calls.tracer(trace), *command]
    result, lines, began = Run(), [], time.time()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            ended = re.match(r"(.*) (?:done|has nothing new) in", line)
            if ended:  # Each graph is prepared.
                again = ", again" if ended[1] in result.ends else ""
                result.ends[ended[1] + again] = time.time()
            if line.startswith("window:"):
                result.seconds = time.time() - began
    if process.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} failed:\n{''.join(lines)}")
    newest = max(Root(root).runs.glob("*.span-*"), key=lambda folder: folder.name)
    records = read_all(Root(root).node_records(newest.name))
    result.peak_mb = max(record.peak_rss_mb or 0.0 for record in records)
    if trace is not None:
        _count(result, trace, root, data)
    return result


def _count(result: Run, trace: Path, root: Path, data: Path) -> None:
    """Adds what strace has seen."""
    artifacts = {
        str(root / folder): record.span
        for record in spans.read(Root(root).spans).values()
        for kind, folder in record.artifacts.items()
        if kind in ("examples", "older")
    }
    stages = list(result.ends)
    for when, call, path, value in kernel_calls.calls(trace):
        if "read" not in call:
            continue
        image = re.match(rf"{re.escape(str(data))}/span-(\d+)/.*\.jpg", path)
        if image:
            result.images[int(image[1])] += value
        elif path.endswith(".tfrecord"):
            folder = next((folder for folder in artifacts if path.startswith(folder + "/")), "")
            stage = next((stage for stage in stages if when <= result.ends[stage]), stages[-1])
            result.records[stage][artifacts.get(folder, 0)] += value


def measure(count: int, images: int) -> list[dict[str, Any]]:
    """A row for each span."""
    files = sorted(photo_files.folder(count * images).glob("*/*.jpg"))
    rows = []
    with tempfile.TemporaryDirectory(prefix="thaw-spans-") as name:
        folder = Path(name)
        data, config = folder / "data", folder / "spans.yaml"
        config.write_text(_CONFIG.format(data=data, backbone=BACKBONE), encoding="utf-8")
        for span in range(1, count + 1):
            _put(files[span - 1 :: count], data / f"span-{span}")
            time.sleep(SETTLED)
            load = round(os.getloadavg()[0], 1)
            plain = run(config, folder / "root", data)
            trace = folder / "trace"
            traced = run(config, folder / "traced", data, trace)
            shutil.rmtree(trace)
            rows.append(_row(span, plain, traced, data, folder / "traced") | {"load": load})
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(rows[-1], flush=True)
    return rows


def _put(files: Sequence[Path], span: Path) -> None:
    """Puts a span in place: links to the files, which is there when it is whole."""
    incomplete = span.with_name(f".{span.name}")
    for file in files:
        (incomplete / file.parent.name).mkdir(parents=True, exist_ok=True)
        os.link(file, incomplete / file.parent.name / file.name)
    incomplete.rename(span)


def _row(span: int, plain: Run, traced: Run, data: Path, root: Path) -> dict[str, Any]:
    """What one span took; shares of the bytes of its files."""
    held = bytes_in(data / f"span-{span}")
    record = spans.read(Root(root).spans)[span]
    written = {
        kind: bytes_in(root / path)
        for kind, path in record.artifacts.items()
        if kind in ("examples", "older")
    }
    return {
        "span": span,
        "mb": round(held / 1e6, 1),
        "seconds": round(plain.seconds, 1),
        "peak_mb": round(plain.peak_mb),
        "images_read": round(traced.images[span] / held, 2),
        "other_images_read": round((traced.images.total() - traced.images[span]) / held, 2),
        "written": round(sum(written.values()) / held, 2),
        "records_read": {
            stage: {
                "own": round(by_span[span] / held, 2),
                "older": round((by_span.total() - by_span[span]) / held, 2),
            }
            for stage, by_span in traced.records.items()
        },
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """All spans in Markdown."""
    lines = [
        "| span | s | peak MB | its images read | others' images read | records written "
        "| its records read by | older records read by |",
        "| --- " * 8 + "|",
    ]
    for row in rows:
        reads = row["records_read"]
        cells = [
            ", ".join(
                f"{stage.split(': ')[-1]} {shares[whose]:.2f}"
                for stage, shares in reads.items()
                if shares[whose]
            )
            for whose in ("own", "older")
        ]
        lines.append(
            f"| {row['span']} | {row['seconds']:.1f} | {row['peak_mb']} | {row['images_read']:.2f} "
            f"| {row['other_images_read']:.2f} | {row['written']:.2f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=10)
    parser.add_argument("--images", type=int, default=500, help="of each span")
    arguments = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("bench: needs strace, which is not on this machine")
    rows = measure(arguments.spans, arguments.images)
    page = PROJECT / "benchmarks" / "README.md"
    page.write_text(put(table(rows), page.read_text(encoding="utf-8"), "spans"), encoding="utf-8")


if __name__ == "__main__":
    main()

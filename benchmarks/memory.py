"""Measures the memory and time of the nodes up to Evaluator, as data grows.

    python -m benchmarks.memory [--images N ...]

For each number of photos (``benchmarks.photo_files``), each node of the graph runs in a process of
its own; its peak memory is that of the process, TensorFlow and TFX included. Trainer trains a head
for one epoch, on MobileNet v1 0.25 at 224 x 224, and Evaluator evaluates it. The results are
printed, and written to ``results/memory.jsonl``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import photo_files, photos

RESULTS = Path(__file__).parent / "results" / "memory.jsonl"
NODES = (
    "ImageExampleGen",
    "StatisticsGen",
    "CuratedSchema",
    "ExampleValidator",
    "DataCheck",
    "Transform",
    "Trainer",
    "Baseline",
    "Evaluator",
)
RUN = "benchmark"


def measure(node_id: str, source: Path, root: Path) -> dict[str, Any]:
    """Runs one node; returns its seconds and its process's memory."""
    from pipeline.compiled import compile_pipeline
    from pipeline.configuration.config import Config
    from pipeline.node import run_node
    from pipeline.preparation import prepare_config, trainer_options
    from pipeline.state.executions import connection_to
    from pipeline.state.root import Root

    config = Config.model_validate(
        {
            "data": {"path": str(source)},
            "backbone": {"handle": str(photos.MODULE)},
            "finetune": {"stages": [{"name": "head", "epochs": 1}]},
            "root": str(root),
        }
    )
    compiled = compile_pipeline(config, trainer_options(config, prepare_config(config)))
    record = run_node(compiled, node_id, run_id=RUN, connection=connection_to(Root(root)))
    return {"seconds": record.seconds, "peak_mb": record.peak_rss_mb}


def compare(counts: list[int]) -> None:
    """Measures each node for each number of images, and the ratio of the last to the first."""
    result: dict[tuple[str, int], dict[str, Any]] = {}
    for count in counts:
        source = photo_files.folder(count)
        with tempfile.TemporaryDirectory(prefix="thaw-memory-") as root:
            for node in NODES:
                command = [sys.executable, "-W", "ignore", "-m", "benchmarks.memory"]
                command += ["--node", node, "--source", str(source), "--root", root]
                done = subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
                )
                run = json.loads(done.stdout.splitlines()[-1])
                result[node, count] = run
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"node": node, "images": count, **run}) + "\n")
    first, last = counts[0], counts[-1]
    print(f"| | {first} images: s, MB | {last} images: s, MB | ratio: s, MB |")
    print("| --- | --- | --- | --- |")
    for node in NODES:
        small, large = result[node, first], result[node, last]
        cells = [f"{run['seconds']:.1f}, {run['peak_mb']:.0f}" for run in (small, large)]
        ratios = [f"{large[key] / small[key]:.2f}" for key in ("seconds", "peak_mb")]
        print(f"| {node} | {cells[0]} | {cells[1]} | {', '.join(ratios)} |")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--node", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.node:
        print(json.dumps(measure(arguments.node, arguments.source, arguments.root)))
    else:
        compare(arguments.images)


if __name__ == "__main__":
    main()

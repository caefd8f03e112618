"""The memory and time of the nodes up to Evaluator, as data grows.

    python -m benchmarks.memory [--images N ...]

Each node of the graph is run, for each number of photos (``benchmarks.photo_files``), in a process
of its own; its most memory is that of the process, TensorFlow and TFX included. Trainer
trains a head for one epoch, on MobileNet v1 0.25 at 224 x 224, and Evaluator judges that. Printed,
and written to ``results/memory.jsonl``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
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


def run_node(node: str, source: Path, root: Path) -> dict[str, Any]:
    """Runs one node, and gives its seconds and its process's memory."""
    from tfx.orchestration import metadata
    from tfx.orchestration.local import local_dag_runner

    from modules.beam_batches import cap_batches
    from pipeline.config import Config
    from pipeline.graph import create_pipeline
    from pipeline.preparation import prepare_config, trainer_options
    from pipeline.runners.local import peak_rss_mb
    from pipeline.tfx_setup import compiled

    cap_batches()
    config = Config.model_validate(
        {
            "data": {"path": str(source)},
            "backbone": {"handle": str(photos.MODULE)},
            "finetune": {"stages": [{"name": "head", "epochs": 1}]},
            "root": str(root),
        }
    )
    options = trainer_options(config, prepare_config(config))
    connection = metadata.sqlite_metadata_connection_config(str(root / "metadata.db"))
    graph = create_pipeline(config, options, str(root / "artifacts"), connection)
    ir = compiled(graph, RUN)
    one = type(ir)()
    one.CopyFrom(ir)
    del one.nodes[:]
    one.nodes.extend(n for n in ir.nodes if n.pipeline_node.node_info.id == node)
    started = time.monotonic()
    local_dag_runner.LocalDagRunner().run_with_ir(one)
    return {"seconds": round(time.monotonic() - started, 2), "peak_mb": peak_rss_mb()}


def compare(counts: list[int]) -> None:
    """Each node for each number of images, and the ratio of the last to the first."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
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
                found[node, count] = run
                with RESULTS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"node": node, "images": count, **run}) + "\n")
    first, last = counts[0], counts[-1]
    print(f"| | {first} images: s, MB | {last} images: s, MB | ratio: s, MB |")
    print("| --- | --- | --- | --- |")
    for node in NODES:
        small, large = found[node, first], found[node, last]
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
    given = parser.parse_args()
    if given.node:
        print(json.dumps(run_node(given.node, given.source, given.root)))
    else:
        compare(given.images)


if __name__ == "__main__":
    main()

"""Measures whole runs on photos: seconds, peak memory, bytes written, accuracy, by seed.

    python -m benchmarks.sign_language [--seeds N]      2 min a seed on 2 cores

Prints a table and writes ``benchmarks/results``.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import bytes_in, run

PROJECT = Path(__file__).parent.parent
CONFIG = PROJECT / "configs" / "sign_language.yaml"
RESULTS = PROJECT / "benchmarks" / "results" / "sign_language.json"
DATA = PROJECT.parent / "shared" / "data" / "sign_language_digits"


def thaw(seed: int, folder: Path) -> dict[str, float]:
    """Runs Thaw once, in an empty root."""
    root = folder / "root"
    program = str(Path(sys.executable).with_name("thaw"))
    cost = run(
        [program, "run", str(CONFIG), "--root", str(root), "--set", f"finetune.seed={seed}"], folder
    )
    summary = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    return {
        "seconds": cost.seconds,
        "peak_mb": cost.peak_mb,
        "written_mb": bytes_in(root) / 1e6,
        "accuracy": summary["metrics"]["candidate"]["overall"]["accuracy"],
        **{f"seconds_{name}": value for name, value in summary["seconds"].items()},
    }


def table(runs: list[dict[str, float]]) -> str:
    """Returns medians and ranges as a table in Markdown."""
    lines = ["| | median | least | most |", "| --- | --- | --- | --- |"]
    for key in runs[0]:
        values = [record[key] for record in runs]
        form = ".3f" if key == "accuracy" else ".0f" if max(values) >= 10 else ".1f"
        cells = (statistics.median(values), min(values), max(values))
        lines.append(f"| {key} | {' | '.join(f'{cell:{form}}' for cell in cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"bench: needs the photos in {DATA}, which are not on this machine")
    runs = []
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(thaw(seed, Path(folder)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(runs, indent=1), encoding="utf-8")
    print(f"{bytes_in(DATA) / 1e6:.0f} MB of photos read\n\n{table(runs)}")


if __name__ == "__main__":
    main()

"""The service's process stays small, whatever its children need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import GLYPHS, PROJECT

HEAVY = ("apache_beam", "matplotlib", "numpy", "pyarrow", "scipy", "tensorflow", "tfx")
MOST_GROWTH = 5 << 20  # bytes
MOST_MEMORY = 100 << 20  # bytes; the imports take about 45 MB
PERIODS = 200

# Runs the service and asks for its metrics after each poll; prints what it has imported.
SERVICE = """
import json, sys, urllib.request
from pathlib import Path
from pipeline.continuous.service import loop, watch, web

addresses, rss = [], []
serving, run = web.serving, watch.Poller.run

class Serving:
    def __init__(self, *arguments): self.context = serving(*arguments)
    def __enter__(self):
        addresses.append(self.context.__enter__())
        return addresses[0]
    def __exit__(self, *error): return self.context.__exit__(*error)

def run_and_ask(self, command):
    poll = run(self, command)
    urllib.request.urlopen(f"http://{addresses[0]}/metrics", timeout=10).read()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    rss.append(pages * 4096)
    if len(rss) == int(sys.argv[3]):
        self._stop.count += 1
    return poll

web.serving, watch.Poller.run = Serving, run_and_ask
request = watch.Request(
    file=Path(sys.argv[1]), every=0.001, root=Path(sys.argv[2]), http="0", form="json",
    command=["/bin/echo", "nothing new"],
)
status = watch.watch(request)
print(json.dumps({"status": status, "rss": rss, "modules": sorted(sys.modules)}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process in /proc")
def test_200_periods_grow_the_service_by_less_than_5_mb_and_import_nothing_heavy(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        f"data: {{path: 'spans/{{SPAN}}', window: {{spans: 4}}}}\nbackbone: {{handle: {GLYPHS}}}\n"
    )
    warm_up = 10
    done = subprocess.run(
        [sys.executable, "-c", SERVICE, config, tmp_path / "root", str(PERIODS + warm_up)],
        capture_output=True, text=True, check=False, cwd=PROJECT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["status"] == 0
    assert len(result["rss"]) == PERIODS + warm_up
    assert not set(HEAVY) & set(result["modules"])
    assert max(result["rss"]) < MOST_MEMORY
    assert max(result["rss"]) - result["rss"][warm_up] < MOST_GROWTH

"""The scripts and the workflow that set Thaw up elsewhere, without the minutes that they take."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.configuration import safe_yaml
from tests.conftest import PROJECT

# A program that writes down what it was asked for.
SHOWN = 'echo "$(basename "$0") $*" >>"$COMMANDS"'
LINUX = {"uname": "echo Linux", "id": "echo 0", "unshare": "exit 0"}


def programs(folder: Path, scripts: dict[str, str]) -> dict[str, str]:
    """An environment in which the programs named do what their scripts say."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def run(script: str, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROJECT / "scripts" / script, *arguments], env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        ({"uname": "echo Darwin"}, "got Darwin; a Debian in a folder needs Linux"),
        ({"id": "echo 1000"}, "not root, which mounts and chroot need; try sudo"),
        ({"unshare": "exit 1"}, "mounts are not allowed here"),
    ],
)
def test_the_newest_is_refused_in_a_line_where_it_cannot_be_tried(
    tmp_path: Path, scripts: dict[str, str], message: str
) -> None:
    done = run("test-newest", programs(tmp_path / "bin", LINUX | scripts))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"test-newest: {message}")
    assert "in a container" in line or "a container of Debian 13" in line


@pytest.mark.skipif(sys.platform != "linux", reason="the script runs on Linux, with its tools")
@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="needs Git's list of the tree's files")
def test_the_newest_gets_the_tree_and_what_this_machine_is_set_to(tmp_path: Path) -> None:
    archive = {"apt-get": "echo http://archive.example/debian", "apt-config": "echo proxy=http://p"}
    env = programs(
        tmp_path / "bin",
        LINUX
        | archive
        | {"mount": SHOWN, "chroot": SHOWN, "debootstrap": f'{SHOWN}; echo "$http_proxy" >&2'}
        | {"unshare": '[ "$2" = true ] || { shift 3; exec "$@"; }', "mv": 'mkdir -p "$2"'},
    )
    log, userland = tmp_path / "commands", tmp_path / "user land"
    env |= {
        "COMMANDS": str(log),
        "USERLAND": str(userland),
        "PIP_INDEX_URL": "http://index.example",
    }
    env |= {"SECRET": "no", "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = run("test-newest", env, "make", "lint")
    assert done.returncode == 0, done.stderr
    commands = log.read_text().splitlines()
    (command,) = [line for line in commands if line.startswith("debootstrap ")]
    assert command.endswith(f" trixie {userland}/trixie.part http://archive.example/debian")
    set_up, lint = [line for line in commands if line.startswith("chroot ")]
    assert set_up.endswith(" make setup")
    assert lint.endswith(" make lint")
    assert " PIP_INDEX_URL=http://index.example " in lint
    assert " TF_ENABLE_ONEDNN_OPTS=1 " in lint
    assert "SECRET" not in lint
    copied = userland / "trixie" / "thaw" / "main"
    assert (copied / "README.md").read_bytes() == (PROJECT / "README.md").read_bytes()
    assert not (copied / ".venv").exists()
    # Once made, it is used again.
    run("test-newest", env)
    assert [line.split()[0] for line in log.read_text().splitlines()].count("debootstrap") == 1
    assert log.read_text().splitlines()[-1].endswith(" make test")


def test_setup_takes_no_python_that_its_tfx_is_not_for(tmp_path: Path) -> None:
    env = programs(tmp_path / "bin", {"uname": "echo Linux", "getconf": "echo glibc 2.35"})
    done = run("setup", env | {"THAW_PYTHON": "3.12"})
    assert done.returncode == 1
    assert done.stderr == (
        "setup: got THAW_PYTHON=3.12; TFX 1.16, the newest that runs here (glibc 2.35; TFX 1.21's "
        "wheels need 2.39 or newer), is for Python 3.10\n"
    )


def test_the_workflow_runs_the_readmes_commands_and_may_only_read() -> None:
    text = (PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    workflow = safe_yaml.parse(text)
    assert workflow["permissions"] == {"contents": "read"}
    job = workflow["jobs"]["commands"]
    systems = [(row["os"], row["python"]) for row in job["strategy"]["matrix"]["include"]]
    assert systems == [("ubuntu-22.04", "3.10"), ("ubuntu-24.04", "3.12"), ("macos-14", "3.12")]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["make setup", "make lint", "make test", "make run"]
    papers = "".join((PROJECT / name).read_text() for name in ("README.md", "CONTRIBUTING.md"))
    assert all(f"$ {command}" in papers for command in commands)
    assert all(re.search(r"@v\d+$", step["uses"]) for step in job["steps"] if "uses" in step)

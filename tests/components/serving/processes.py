"""What other processes do in a serving folder: ``python -m … push|read|hold``."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from components.serving.lock import writing
from components.serving.push import push
from components.serving.versions import list_versions
from modules.model_layout import NOTE

PARTS = 40


def model(folder: Path, mark: str = "a", parts: int = PARTS, part_bytes: int = 1000) -> Path:
    """A SavedModel as a folder sees it: every file says which model it is of."""
    content = mark.encode() * part_bytes
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(content)
    for part in range(parts - 1):
        (folder / "variables" / f"part-{part}").write_bytes(content)
    return folder


def problem_of(version: int, folder: int, parts: int = PARTS) -> str | None:
    """What is wrong with an open version, or None: all files are there, and of one model."""
    marks, length = set(), 0
    try:
        names = ["saved_model.pb", *(f"variables/part-{part}" for part in range(parts - 1))]
        for name in names:
            content = _read(name, folder)
            marks.add(content[:1])
            length += len(content)
        note = json.loads(_read(NOTE, folder))
    except OSError as error:
        return f"{version}: {error}"
    whole = len(marks) == 1 and length == 1000 * parts and note["version"] == version
    return None if whole else f"{version}: {marks} in {length} bytes, {note}"


def _read(name: str, folder: int) -> bytes:
    with open(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:
        return file.read()


def problems_in(serving: Path) -> list[str]:
    """What is wrong with any of the versions."""
    result = []
    for number in list_versions(serving):
        folder = os.open(serving / str(number), os.O_RDONLY)
        result.append(problem_of(number, folder))
        os.close(folder)
    return [problem for problem in result if problem]


def start(*arguments: object) -> "subprocess.Popen[str]":
    """Starts one of the commands below; it prints a line when it is ready."""
    from tests.conftest import PROJECT  # not in the process that is started: it loads NumPy

    process = subprocess.Popen(
        [sys.executable, "-m", "tests.components.serving.processes", *map(str, arguments)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def push_often(source: Path, serving: Path, times: int, keep: int | None) -> list[int]:
    """The numbers of so many pushes."""
    return [push(source, serving, {"run_id": source.name}, keep=keep) for _ in range(times)]


def read_until(stop: Path, serving: Path) -> dict[str, Any]:
    """Opens the newest version again and again, as a server does."""
    problems: list[str] = []
    reads, newest = 0, set()
    while not stop.exists():
        numbers = list_versions(serving)
        if not numbers:
            problems.append("no version is there")
            continue
        try:
            folder = os.open(serving / str(numbers[-1]), os.O_RDONLY)
        except FileNotFoundError:
            # Withdrawn since it was listed: then another is the newest.
            if numbers[-1] in list_versions(serving):
                problems.append(f"{numbers[-1]} could not be opened")
            continue
        problem = problem_of(numbers[-1], folder)
        os.close(folder)
        problems += [problem] if problem else []
        newest.add(numbers[-1])
        reads += 1
    return {"reads": reads, "newest": sorted(newest), "problems": problems}


def _main(command: str, *arguments: str) -> None:
    print("ready", flush=True)
    if command == "push":
        source, serving, times, keep = arguments
        numbers = push_often(Path(source), Path(serving), int(times), int(keep) or None)
        print(json.dumps(numbers))
    elif command == "read":
        print(json.dumps(read_until(Path(arguments[0]), Path(arguments[1]))))
    elif command == "hold":
        with writing(Path(arguments[0]), "push of run held"):
            print("held", flush=True)
            time.sleep(600)


if __name__ == "__main__":
    _main(*sys.argv[1:])

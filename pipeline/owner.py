"""Whose a root is: a pipeline's, by its name, wherever its config lies; and the root's own id."""

import json
import os
import uuid
from dataclasses import asdict, dataclass

from components.serving.disk import replace_whole
from modules.errors import InputError
from pipeline.config import Config
from pipeline.root import Root

OWNER_FILE = "owner.json"


@dataclass(frozen=True)
class Owner:
    """What ``owner.json`` holds.

    Attributes:
        pipeline: the name of the pipeline, which ML Metadata keeps its nodes' work under.
        id: of the root, its own: a copy has it too until ``thaw move`` gives it another.
        root: where the root lay when it was last used, resolved; ML Metadata knows its files by it.
        config: the file that was last used.
    """

    pipeline: str
    id: str
    root: str
    config: str


def claim(root: Root, config: Config, *, adopt: bool = False) -> str:
    """Makes the folder the pipeline's own.

    Args:
        root: of the config.
        config: whose name counts, not its place: another checkout goes on where one left off.
        adopt: takes over what belongs to a pipeline of another name, or to none that can be read.

    Returns:
        What a person should be told of it; empty for nothing.

    Raises:
        InputError: when it belongs to another pipeline, was moved, or cannot be written.
        StageError: when its disk is full.
    """
    fresh = Owner(config.name, uuid.uuid4().hex, str(root.path.resolve()), str(config.file))
    try:
        root.path.mkdir(parents=True, exist_ok=True)
        recorded = read(root)
        if recorded is None:
            if (root.path / OWNER_FILE).exists() and not adopt:
                raise InputError(
                    f"root: {root.path / OWNER_FILE} is damaged; take the folder over with "
                    "thaw run --adopt, or name another with --root"
                )
            _first(root, fresh)
            recorded = read(root)
        if recorded is None:
            raise InputError(f"root: {root.path} belongs to nobody; delete its {OWNER_FILE}")
        _check(root, recorded, fresh, adopt)
        if recorded == (now := Owner(fresh.pipeline, recorded.id, recorded.root, fresh.config)):
            return ""
        write(root, now)
    except OSError as error:
        raise root.unwritable(error) from None
    if recorded.pipeline != now.pipeline:
        return (
            f"root: taken over from the pipeline {recorded.pipeline}; what that has made is made "
            "anew, and what it has pushed is the baseline"
        )
    return f"root: was last used by {recorded.config}; goes on with {now.config}"


def _check(root: Root, recorded: Owner, fresh: Owner, adopt: bool) -> None:
    if recorded.root != fresh.root:
        raise InputError(
            f"root: {root.path} was made as {recorded.root}, and ML Metadata knows its files by "
            f"that path; thaw move {root.path} mends that after a move or a copy"
        )
    if recorded.pipeline != fresh.pipeline and not adopt:
        raise InputError(
            f"root: {root.path} belongs to the pipeline {recorded.pipeline} ({recorded.config}), "
            f"and a root serves one; give {fresh.config} another with --root, or take this one "
            "over with thaw run --adopt"
        )


def read(root: Root) -> Owner | None:
    """What the root says of itself; None where it says nothing that can be read.

    Raises:
        OSError: when the file cannot be read.
    """
    path = root.path / OWNER_FILE
    if not path.exists():
        return None
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None


def write(root: Root, owner: Owner) -> None:
    """Writes it, whole or not at all; raises ``OSError``."""
    text = json.dumps(asdict(owner), indent=1) + "\n"
    replace_whole(root.path / OWNER_FILE, text.encode())


def _first(root: Root, owner: Owner) -> None:
    """Writes it where several may begin at once: the last one's stays, and all find that."""
    path = root.path / OWNER_FILE
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(owner), indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)

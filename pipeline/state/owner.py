"""Which pipeline owns a root, by the pipeline's name wherever its config is; and the root's id."""

import json
import os
import uuid
from dataclasses import asdict, dataclass

from components.disk import replace_whole
from modules.errors import InputError
from pipeline.configuration.config import Config
from pipeline.state.root import Root

OWNER_FILE = "owner.json"


@dataclass(frozen=True)
class Owner:
    """The content of ``owner.json``.

    Attributes:
        pipeline: the name of the pipeline, under which ML Metadata keeps its nodes' work.
        id: the root's own. A copy has the same id until ``thaw move`` gives it another.
        root: the root's path when it was last used, resolved; ML Metadata refers to files by it.
        config: the configuration's file that was last used.
    """

    pipeline: str
    id: str
    root: str
    config: str


def claim(root: Root, config: Config, *, adopt: bool = False) -> str:
    """Makes the pipeline the owner of the folder.

    Args:
        root: of the config.
        config: only its name counts, so that another checkout continues where the first left off.
        adopt: takes over a root of another pipeline, or one whose owner cannot be read.

    Returns:
        A line for a person; empty if there is nothing to say.

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
            _write_first(root, fresh)
            recorded = read(root)
        if recorded is None:
            raise InputError(f"root: {root.path} has no owner; delete its {OWNER_FILE}")
        _check(root, recorded, fresh, adopt)
        if recorded == (now := Owner(fresh.pipeline, recorded.id, recorded.root, fresh.config)):
            return ""
        write(root, now)
    except OSError as error:
        raise root.unwritable(error) from None
    if recorded.pipeline != now.pipeline:
        return (
            f"root: taken over from the pipeline {recorded.pipeline}; its work is done again, "
            "and the version that it pushed is the baseline"
        )
    return f"root: was last used by {recorded.config}, and is now used by {now.config}"


def _check(root: Root, recorded: Owner, fresh: Owner, adopt: bool) -> None:
    if recorded.root != fresh.root:
        raise InputError(
            f"root: {root.path} was {recorded.root} when it was last used, and ML Metadata refers "
            f"to its files by that path; if you moved or copied it, run thaw move {root.path}"
        )
    if recorded.pipeline != fresh.pipeline and not adopt:
        raise InputError(
            f"root: {root.path} belongs to the pipeline {recorded.pipeline} ({recorded.config}), "
            f"and a root serves one pipeline; give {fresh.config} another root with --root, or "
            "take this one over with thaw run --adopt"
        )


def read(root: Root) -> Owner | None:
    """The recorded owner; None if there is none that can be read.

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
    """Replaces the record in one step; raises ``OSError``."""
    text = json.dumps(asdict(owner), indent=1) + "\n"
    replace_whole(root.path / OWNER_FILE, text.encode())


def _write_first(root: Root, owner: Owner) -> None:
    """Writes the record while others may do so too: the last stays, and each then reads that."""
    path = root.path / OWNER_FILE
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(owner), indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)

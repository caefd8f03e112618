"""Chooses the model that a training starts from: the version that a server would pick."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.serving import versions
from modules import model_layout
from modules.finetune import model_record
from modules.finetune.model_record import Base

_CHUNK_BYTES = 1 << 20


def fingerprint(*parts: str) -> str:
    """The fingerprint of a task: of the data, the code and the config that are trained with."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()


def choose(serving_dir: Path, task: str, *, cold: bool = False) -> Base:
    """The version with the highest number, which TensorFlow Serving serves; a rollback changes it.

    If that version was trained for this very task, the choice is what that training started from.
    So Trainer's input stays the same, and a second run trains nothing. Otherwise each push would
    change the base of the next run, and every run would train and push again.

    Args:
        serving_dir: the folder of the versions.
        task: as ``fingerprint``.
        cold: whether the user wants to start from the pretrained backbone this once.
    """
    if cold:
        return Base(reason="asked for by --cold")
    numbers = versions.list_versions(serving_dir)
    if not numbers:
        return Base(reason="there is no served version yet")
    version = numbers[-1]
    folder = serving_dir / str(version)
    try:
        start = model_record.read(folder).start
        if start and start.task == task:
            return start.base
        return Base(
            version=version,
            sha256=_digest(folder),
            reason=f"from version {version}, which was served",
        )
    except FileNotFoundError as error:
        name = Path(error.filename).relative_to(folder)
        reason = f"has no {name}, so it is not Thaw's, or an earlier Thaw exported it"
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    except ValueError as error:
        reason = f"is damaged: {error}"
    return Base(version=version, reason=f"version {version} {reason}")


def take(serving_dir: Path, base: Base, folder: Path) -> Base:
    """Copies what a training needs of its base, since a push or a rollback may remove the version.

    Args:
        serving_dir: the folder of the versions.
        base: as ``choose`` returned it.
        folder: where the copies go, under the names that they have in the version.

    Returns:
        The base; or one without weights, if the version is gone or is no longer what it was.

    Raises:
        OSError: when the copies cannot be written.
    """
    if not base.sha256:
        return base
    for place in (serving_dir, serving_dir / versions.WITHDRAWN):
        source = place / str(base.version)
        try:
            if _digest(source) != base.sha256:
                continue
        except OSError:
            continue
        for path in _files(source):
            target = folder / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        return base
    reason = f"version {base.version}, which it is to start from, is no longer there as it was"
    return Base(version=base.version, reason=reason)


def _files(folder: Path) -> Iterator[Path]:
    """The files of a version that a training needs; raises ``OSError`` if there is no folder."""
    yield folder / model_layout.MODEL
    yield folder / model_layout.LABELS
    yield from sorted((folder / model_layout.VARIABLES).parent.iterdir())


def _digest(folder: Path) -> str:
    """sha256 over the names and contents of ``_files``; hexadecimal. Raises ``OSError``."""
    digest = hashlib.sha256()
    for path in _files(folder):
        content = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                content.update(chunk)
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}:{content.hexdigest()}\n".encode())
    return digest.hexdigest()

"""The record from which ``thaw run --from`` repeats a run; the run's summary keeps it."""

import importlib.metadata
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError

from components.records.run import RunRecord
from components.records.summary import RECORD_FILE, Summary
from modules.errors import InputError
from modules.text import without_secrets
from pipeline.configuration.config import Config
from pipeline.version import VERSION

_PROJECT = Path(__file__).parents[1]
_SECONDS = 10  # the timeout of git


class PastRun(BaseModel):
    """How a run was made, as the summary of any release records it.

    Attributes:
        config: every key with its value, without possible secrets.
        config_file: the file that the config was read from.
        withheld: the dotted keys of possible secrets.
        overrides: what replaced single values of the file.
        commit: the commit of Thaw's code.
        data: the images' fingerprint; empty if the run failed before it was known.
        backbone: the sha256 of the backbone's files; empty likewise.
        base: the sha256 of the served model that the training could start from; empty for none, and
            None if no warm start was asked for, or the run failed before.
        golden: the golden set's fingerprint; empty where there was none.
        versions: the versions of the packages.
    """

    model_config = ConfigDict(frozen=True)

    config: dict[str, Any] = Field(validation_alias=AliasPath("run", "config"))
    config_file: str = Field(validation_alias=AliasPath("run", "config_file"))
    withheld: tuple[str, ...] = Field((), validation_alias=AliasPath("run", "withheld"))
    overrides: tuple[str, ...] = Field((), validation_alias=AliasPath("run", "overrides"))
    commit: str | None = Field(None, validation_alias=AliasPath("run", "commit"))
    data: str = Field("", validation_alias=AliasPath("data", "fingerprint"))
    backbone: str = Field("", validation_alias=AliasPath("backbone", "sha256"))
    base: str | None = Field(None, validation_alias=AliasPath("warm_start", "sha256"))
    golden: str = Field("", validation_alias=AliasPath("metrics", "golden", "fingerprint"))
    versions: dict[str, str] = Field(default={})


def of_run(config: Config) -> RunRecord:
    """The record of a run that begins now."""
    whole = config.model_dump(mode="json", by_alias=True)
    if not whole["backbone"]["sha256"]:
        del whole["backbone"]["sha256"]  # "Any" has no form in a config.
    shown = _shown(whole)
    return RunRecord(
        pipeline=config.name,
        config_file=str(config.file),
        config=shown,
        withheld=tuple(_different(whole, shown)),
        overrides=tuple(without_secrets(override) for override in config.overrides),
        root=str(config.root),
        thaw=VERSION,
        commit=commit(),
        host=socket.gethostname(),
        started_at=now(),
    )


def write(record: RunRecord, folder: Path) -> None:
    """Writes it into a run's folder, where Pusher finds it; raises ``OSError``."""
    (folder / RECORD_FILE).write_text(record.as_text(), encoding="utf-8")


def read_from(summary: Path) -> PastRun:
    """A run's summary, as far as it takes to repeat the run.

    Raises:
        InputError: when the file is no summary, or one that does not say how its run was made.
    """
    try:
        return PastRun.model_validate_json(summary.read_bytes())
    except OSError as error:
        raise InputError(
            f"--from: could not read {summary} ({error.strerror}); give a run's summary.json"
        ) from None
    except ValidationError:
        raise InputError(
            f"--from: {summary} does not record how a run was made; give the summary.json of a "
            "root, of a run or of a version"
        ) from None


def differences(before: PastRun, summary: Summary) -> list[str]:
    """Returns what was not the same when a run was repeated.

    Args:
        before: the run that was repeated.
        summary: of the run that repeated it.
    """
    packages = changes(before.versions, summary.versions)
    golden = summary.metrics.golden
    pairs = {
        "the data": (before.data, summary.data.fingerprint),
        "the golden set": (before.golden, golden.fingerprint if golden else ""),
        "the backbone": (before.backbone, summary.backbone and summary.backbone.sha256),
        "the commit of Thaw's code": (before.commit, summary.run and summary.run.commit),
    }
    differ = [name for name, (first, second) in pairs.items() if first and first != second]
    base = summary.warm_start.sha256 if summary.warm_start else ""
    if before.base is not None and before.base != base:
        differ.append("the served version that the training could start from")
    return [*differ, *([f"packages ({packages})"] if packages else [])]


def changes(before: dict[str, str], now: dict[str, str]) -> str:
    """Lists the packages with another version, such as ``numpy 1.26.4 → 2.1.3``; may be empty."""
    return ", ".join(
        f"{name} {before.get(name, 'none')} → {version}"
        for name, version in now.items()
        if before and before.get(name) != version
    )


def commit() -> str | None:
    """Returns the commit of Thaw's code, or the one that it was installed from."""
    if not (_PROJECT / ".git").exists():
        return _installed_from()
    git = ["git", "-C", str(_PROJECT)]
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        head, status = (
            subprocess.run(
                [*git, *arguments],
                capture_output=True,
                text=True,
                env=own,
                timeout=_SECONDS,
                check=True,
            ).stdout.strip()
            for arguments in (
                ["rev-parse", "HEAD"],
                ["status", "--porcelain", "--untracked-files=no"],
            )
        )
    except (OSError, subprocess.SubprocessError):  # No git, or a repository of another user.
        return None
    return f"{head}-modified" if status else head


def _installed_from() -> str | None:
    """Returns the commit that pip installed from, as PEP 610 records it."""
    try:
        text = importlib.metadata.distribution("thaw").read_text("direct_url.json")
        return str(json.loads(text or "")["vcs_info"]["commit_id"])
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return None


def now() -> str:
    """Returns the time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    return value


def _different(whole: Any, shown: Any, above: str = "") -> list[str]:
    """The dotted keys of what ``_shown`` has changed."""
    if isinstance(whole, dict):
        pairs = [(key, whole[key], shown[key]) for key in whole]
    elif isinstance(whole, list):
        pairs = [(str(i), item, shown[i]) for i, item in enumerate(whole)]
    else:
        return [above] if whole != shown else []
    return [
        place
        for key, item, shown_item in pairs
        for place in _different(item, shown_item, f"{above}.{key}".lstrip("."))
    ]

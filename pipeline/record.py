"""What it takes to repeat a run: kept in its summary, from which ``thaw run --from`` reads it."""

import importlib.metadata
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from components.records.summary import RECORD_FILE
from modules.errors import InputError
from modules.text import as_json, without_secrets
from pipeline.config import Config

_PROJECT = Path(__file__).parents[1]
_SECONDS = 10  # that git gets


def of_run(config: Config) -> dict[str, Any]:
    """The record of a run that begins now.

    Returns:
        ``pipeline``, its name; ``config_file``; ``config``, every key with its value, but for what
        may be a secret in an address; ``withheld``, the keys of such; ``overrides``, what ``--set``
        was told; ``root``; ``commit`` of Thaw's code, null where it comes of no repository, with
        ``-modified`` where files differ from it; ``host``; ``started_at`` and ``ended_at``, UTC,
        null so far.
    """
    whole = config.model_dump(mode="json", by_alias=True)
    if not whole["backbone"]["sha256"]:
        del whole["backbone"]["sha256"]  # "Any" has no form in a config.
    shown = _shown(whole)
    return {
        "pipeline": config.name,
        "config_file": str(config.file),
        "config": shown,
        "withheld": _different(whole, shown),
        "overrides": [without_secrets(override) for override in config.overrides],
        "root": str(config.root),
        "commit": commit(),
        "host": socket.gethostname(),
        "started_at": now(),
        "ended_at": None,
    }


def write(record: dict[str, Any], folder: Path) -> None:
    """Writes it into a run's folder, where Pusher finds it; raises ``OSError``."""
    (folder / RECORD_FILE).write_text(as_json(record, indent=1) + "\n", encoding="utf-8")


def read_from(summary: Path) -> dict[str, Any]:
    """A run's summary, as far as it takes to repeat the run.

    Returns:
        ``run``, as ``of_run``; ``backbone``, ``data`` and ``versions``, as the summary has them.

    Raises:
        InputError: when the file is no summary, or one without a record.
    """
    try:
        content = json.loads(summary.read_text(encoding="utf-8"))
        run = content["run"]
        if not isinstance(run["config"], dict) or not isinstance(run["config_file"], str):
            raise ValueError("no config")
        return {key: content.get(key) or {} for key in ("run", "backbone", "data", "versions")}
    except OSError as error:
        raise InputError(
            f"--from: could not read {summary} ({error.strerror}); give a run's summary.json"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"--from: {summary} is no summary that says how its run was made; give the "
            "summary.json of a root, of a run or of a version"
        ) from None


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What was not the same when a run was repeated.

    Args:
        before: as ``read_from``.
        now: likewise, of the run that repeated it.
    """
    packages = changes(before["versions"], now["versions"])
    pairs = {
        "the data": [run["data"].get("fingerprint") for run in (before, now)],
        "the backbone": [run["backbone"].get("sha256") for run in (before, now)],
        "the commit of Thaw's code": [run["run"].get("commit") for run in (before, now)],
    }
    differ = [name for name, (first, second) in pairs.items() if first and first != second]
    return [*differ, *([f"packages ({packages})"] if packages else [])]


def changes(before: dict[str, str], now: dict[str, str]) -> str:
    """Which packages have another version, such as ``numpy 1.26.4 → 2.1.3``; empty for none."""
    return ", ".join(
        f"{name} {before.get(name, 'none')} → {version}"
        for name, version in now.items()
        if before and before.get(name) != version
    )


def commit() -> str | None:
    """The commit that Thaw's code is of, or was installed from."""
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
    """What pip was told: PEP 610."""
    try:
        text = importlib.metadata.distribution("thaw").read_text("direct_url.json")
        return str(json.loads(text or "")["vcs_info"]["commit_id"])
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return None


def now() -> str:
    """The time in UTC, to the second."""
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

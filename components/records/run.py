"""What it takes to repeat a run."""

from typing import Any

from components.records.base import Record


class RunRecord(Record):
    """What it takes to repeat a run."""

    pipeline: str
    """The pipeline's name."""
    config_file: str
    """The file that the config was read from."""
    config: dict[str, Any]
    """Every key with its value, as `thaw schema config` has them, but for what may be a secret in
    an address."""
    withheld: tuple[str, ...] = ()
    """The dotted keys of what may be a secret."""
    overrides: tuple[str, ...] = ()
    """What replaced single values of the file, as `key.path=value`."""
    root: str
    """The pipeline's folder."""
    thaw: str | None = None
    """Thaw's version; null where it was not recorded."""
    commit: str | None = None
    """The commit of Thaw's code, with `-modified` where files differ from it; null where the code
    comes from no repository."""
    host: str
    """The machine's name."""
    started_at: str
    """When the run began, UTC."""
    ended_at: str | None = None
    """When the run ended, UTC; null while it is under way."""

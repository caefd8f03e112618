"""What it takes to repeat a run."""

from typing import Any

from components.records.base import Record


class RunRecord(Record):
    """What it takes to repeat a run.

    Attributes:
        pipeline: its name.
        config_file: the file that the config was read from.
        config: every key with its value, as ``thaw schema config`` has them, but for what may be a
            secret in an address.
        withheld: the dotted keys of what may be a secret.
        overrides: what replaced single values of the file, as ``key.path=value``.
        root: the pipeline's folder.
        thaw: Thaw's version; null where it was not recorded.
        commit: of Thaw's code, with ``-modified`` where files differ from it; null where the code
            comes from no repository.
        host: the machine's name.
        started_at: UTC.
        ended_at: UTC; null while the run is under way.
    """

    pipeline: str
    config_file: str
    config: dict[str, Any]
    withheld: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    root: str
    thaw: str | None = None
    commit: str | None = None
    host: str
    started_at: str
    ended_at: str | None = None

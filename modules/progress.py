"""How work in progress is told: as log records that carry their facts beside their text.

A run at a terminal draws bars from the facts; a pipe, an orchestrator or a log file gets the text.
"""

import logging

from modules.text import printable

LOGGER = logging.getLogger("thaw.progress")


def report(text: str, **facts: object) -> None:
    """Tells that work has advanced.

    Args:
        text: for people and for ``grep``; made one ``printable`` line.
        **facts: for a progress bar: ``total`` and ``done``, or ``advance`` where only the number
            done since the last report is known, and ``note`` (text).
    """
    LOGGER.info("%s", printable(text), extra={"facts": facts})


def facts_of(record: logging.LogRecord) -> dict[str, object]:
    """The facts that a record of ``report`` carries."""
    facts = getattr(record, "facts", {})
    return facts if isinstance(facts, dict) else {}

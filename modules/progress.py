"""Reports progress through log records that carry fields besides their text.

A run at a terminal draws bars from the fields; a pipe, an orchestrator or a log file gets the text.
"""

import logging

from modules.text import printable

LOGGER = logging.getLogger("thaw.progress")


def report(text: str, **fields: object) -> None:
    """Reports that work has advanced.

    Args:
        text: for people and for ``grep``; it is made one ``printable`` line.
        **fields: for a progress bar: ``total`` and ``done``, or ``advance`` if only the number done
            since the last report is known, and ``note`` (text).
    """
    LOGGER.info("%s", printable(text), extra={"fields": fields})


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Returns the fields that a record of ``report`` carries; none for any other record."""
    fields = getattr(record, "fields", {})
    return fields if isinstance(fields, dict) else {}

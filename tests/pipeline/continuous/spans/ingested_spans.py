"""The data of spans as nodes would have left it."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing

from components.records.spans import SpanRecord
from pipeline.state.root import Root


def keep(root: Root, records: Iterable[SpanRecord]) -> None:
    """Makes the folders of spans, and enters them where ML Metadata would."""
    folders = [root.path / path for record in records for path in record.artifacts.values()]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(root.metadata)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS Artifact (uri TEXT)")
        db.executemany("INSERT INTO Artifact VALUES (?)", [[str(folder)] for folder in folders])

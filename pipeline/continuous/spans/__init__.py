"""The spans of the data: finding those that are new or changed, and ingesting them.

``scan`` compares the files with what was ingested, ``kept_data`` checks that the root still has
what was ingested, and ``ingest`` runs a span's own graph and enters the span in the registry.
"""

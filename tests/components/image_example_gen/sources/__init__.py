"""Folders, manifests, shards, spans and addresses."""

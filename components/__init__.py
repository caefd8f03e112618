"""Thaw's own nodes of the graph, a folder each: a thin executor over plain functions."""

"""Loads the candidate in a process of its own and sends it real images."""

"""What a run and a model leave behind for others to read, as typed records."""

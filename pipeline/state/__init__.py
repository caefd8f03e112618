"""What a pipeline keeps between runs: its root, whose it is, what is in it, how it is repaired."""

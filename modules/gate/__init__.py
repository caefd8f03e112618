"""What the gate asks of a candidate, and how sure it has to be."""

"""The blocks that a schedule names, and their BatchNorm."""

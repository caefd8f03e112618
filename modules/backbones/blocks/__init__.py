"""The blocks that a schedule unfreezes, and their BatchNorm."""

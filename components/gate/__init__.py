"""The last word on a candidate: the only node that blesses."""

"""The gate: which rules are asked of a candidate, and what they say."""

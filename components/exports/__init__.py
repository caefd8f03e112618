"""Makes other forms of a blessed model, each held against the model itself."""

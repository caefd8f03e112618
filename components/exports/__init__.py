"""Makes other forms of a blessed model, and compares each with the model itself."""

"""Data that comes in spans: what is new, taking it in, and training over a window of them."""

"""Has TFMA evaluate candidate and baseline in one pass, and keeps their answers."""

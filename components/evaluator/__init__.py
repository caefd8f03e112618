"""Has TFMA evaluate candidate and baseline in one pass, and keeps what they answered."""

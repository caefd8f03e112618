"""Asks the served model about a new span, and says whether its labels are to be trusted."""

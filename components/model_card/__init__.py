"""Gathers what is known of a model, for programs and for people."""

"""Tests of data that comes in spans."""

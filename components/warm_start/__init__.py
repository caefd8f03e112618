"""Chooses the model whose weights a training starts from."""

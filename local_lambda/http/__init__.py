"""Speaks HTTP/1.1 for the fronts and the Runtime API, with every chunk and trailer visible."""

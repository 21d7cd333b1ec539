"""Checks whether a server's event stream is what its clients may expect: `python -m` this.

The sockets are in `wire.py`. All other modules that judge work on what it captured.
"""

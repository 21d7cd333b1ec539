"""Runs the processes of functions and the Runtime API that they call."""

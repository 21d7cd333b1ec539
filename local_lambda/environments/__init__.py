"""The processes that run functions, and the Runtime API that they call."""

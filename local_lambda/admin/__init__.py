"""Serves the admin address: a page for people, and the same actions as HTTP calls."""

"""Serves functions over HTTP: the REST API and the Function URLs."""

"""The HTTP fronts of a function: the REST API and Function URLs."""

"""The HTTP fronts of a function: REST API, HTTP API and Function URL."""

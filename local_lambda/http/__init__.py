"""HTTP/1.1 for the fronts and the Runtime API: every chunk and trailer visible."""

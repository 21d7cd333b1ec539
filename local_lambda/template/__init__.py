"""Reads templates: the functions, tables and routes that they describe."""

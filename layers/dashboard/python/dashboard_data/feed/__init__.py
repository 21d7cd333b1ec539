"""The sequence: every item has a number, and a position is a number."""

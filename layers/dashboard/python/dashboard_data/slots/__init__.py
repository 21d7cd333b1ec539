"""How many streams are open, and whether there may be one more."""

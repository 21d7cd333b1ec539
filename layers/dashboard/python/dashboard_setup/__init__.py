"""What do the composition roots of the three functions share? Settings, and access to the table."""

"""What the three composition roots share: settings from the environment, and clients of the table."""

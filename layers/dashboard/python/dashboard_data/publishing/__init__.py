"""How items get into the feed and the metrics, each exactly once."""

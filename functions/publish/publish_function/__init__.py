"""The publish function: items from the table's stream, into the feed and the metrics."""

"""The publish function: inserts from the table's stream, into the feed and the metrics."""

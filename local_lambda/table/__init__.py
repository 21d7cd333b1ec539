"""The table on moto, and its stream as an event source."""

"""One read of the table for all streams of a process."""

"""The stream function: the global stream and those of configurations, over Server-Sent Events."""

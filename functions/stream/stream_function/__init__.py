"""The stream function: the global stream and the streams of configurations, over Server-Sent Events."""

"""The API function: metrics, status, sessions, configurations, and the dashboard's files."""

"""`local-lambda event`: payloads as other AWS services send them, for a running emulator."""

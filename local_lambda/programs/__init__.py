"""Programs that run by path in their own processes. They import nothing of the emulator."""

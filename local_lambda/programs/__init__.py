"""Programs that are run by path, as processes of their own. They import nothing of the emulator."""

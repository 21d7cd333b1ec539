"""Tries on a deployed stack what the documentation assumes about AWS: docs/assumptions.md."""

"""What breaks first with 1,000, 10,000 and 1,000,000 viewers?

A simulation without any library but Python's: `python -m benchmarks.scale --help`.
"""

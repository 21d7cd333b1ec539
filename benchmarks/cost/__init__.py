"""What does the service cost, and from how many viewers is something else cheaper?

Pure arithmetic from list prices and from named assumptions: `python -m benchmarks.cost --help`.
"""

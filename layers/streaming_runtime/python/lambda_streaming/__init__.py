"""Streaming for the frameworks that people use on AWS Lambda, each in a module of its own.

Nothing is imported here: `lambda_streaming.powertools` needs Powertools, and nobody else does.
"""

__all__: list[str] = []

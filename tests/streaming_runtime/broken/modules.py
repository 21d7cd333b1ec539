import sys


def handler(event, context):
    return sorted(sys.modules)

"""What does the code on a page find around it when it runs here, and which payload does it get?

`run_page.py` calls each `handler` that a block defines, with a Function URL's request.
"""

from lambda_streaming.testing import function_url

# Python that runs before a page's blocks.
BEFORE = {
    "docs/data.md": """
import sys, time, types

class Table:
    def put_item(self, Item):
        from dashboard_data.feed.item import parse_item
        kinds = {"score": "N"}
        image = {name: {kinds.get(name, "S"): str(value)} for name, value in Item.items()}
        assert parse_item(image, time.time()).ticker == "AAPL"

class Resource:
    def Table(self, name):
        return Table()

sys.modules["boto3"] = types.SimpleNamespace(resource=lambda *_, **__: Resource())
""",
    "docs/how-to/debugging.md": """
import sys, time, types
sys.modules["app"] = types.SimpleNamespace(handler=lambda event, context: {"body": iter("ab")})
""",
    "docs/sse.md": "def tokens(event): return iter(['one', {'two': 2}])",
    "docs/runtime.md": """
import asyncio, types

client = types.SimpleNamespace(close=print)

def reconnect():
    pass

class model:
    @staticmethod
    async def stream(prompt):
        for word in prompt.split():
            yield word
""",
}

# Payloads other than `GET /`, by page, one for each block with a handler.
PAYLOADS = {
    "docs/runtime.md": [function_url(path="/count"), {"prompt": "one two"}],
    "docs/powertools.md": [function_url(path="/words")],
    "docs/asgi-wsgi.md": [function_url(path="/numbers"), function_url(path="/rows")],
    "docs/how-to/auth.md": [
        function_url(claims={"userArn": "arn:aws:iam::123456789012:user/somebody"})
    ],
    "docs/how-to/fastapi.md": [function_url(path="/numbers")],
    "docs/how-to/flask.md": [function_url(path="/numbers")],
}

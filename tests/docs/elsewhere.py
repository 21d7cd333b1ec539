"""Which blocks and commands of the pages does tests/docs not run itself, and why?

Each reason names a test that runs the block, or says what it would need. A test fails for an entry
that no page needs any more.
"""

NEEDS_AWS = "needs an AWS account"
NEEDS_INDEX = "installs packages from an index"
RECIPES = "tests/system/e2e/test_recipe.py"
OBSERVABILITY = "tests/system/observability/test_recipes.py"

# Blocks, by their page and their beginning.
BLOCKS = {
    ("README.md", "import time\n\n\ndef numbers"): RECIPES,
    ("README.md", "producer   "): "a drawing",
    ("README.md", "$ make dev\n"): "tests/local_lambda/test_command.py",
    ("README.md", "$ curl -N http://127.0.0.1:8000/api/v2/stream"): "tests/system/e2e",
    ("layers/streaming_runtime/README.md", "Transform:"): RECIPES,
    ("layers/streaming_runtime/README.md", "import time\n"): RECIPES,
    ("layers/streaming_runtime/README.md", "aws-lambda-powertools"): RECIPES,
    ("docs/clients.md", "location / {"): "tests/system/clients/test_proxies.py",
    ("docs/clients.md", "defaults\n"): "tests/system/clients/test_proxies.py",
    ("docs/data.md", "<epoch>-"): "a form",
    ("docs/sse.md", "data: "): "tests/lambda_streaming/server_sent_events/test_page.py",
    ("docs/sse.md", '"Hi"'): "tests/lambda_streaming/server_sent_events/test_page.py",
    ("docs/testing.md", ""): "tests/lambda_streaming/testing/test_page.py",
    ("examples/cloudfront/README.md", "body="): "tests/examples",
    ("examples/mcp-server/README.md", "import asyncio"): "tests/examples/test_mcp_server.py",
    ("docs/emulator.md", "14:31:02"): "what the log looks like",
    ("docs/emulator.md", "from local_lambda import Emulator"): "tests/docs/test_blocks.py",
    ("docs/emulator.md", "aws = boto3.client"): "tests/local_lambda/lambda_api",
    ("docs/how-it-works.md", "Function URL or REST API"): "a drawing",
    ("docs/how-to/debugging.md", "import boto3"): NEEDS_AWS,
    ("docs/observability.md", "import sentry_sdk"): OBSERVABILITY,
    ("docs/observability.md", "from opentelemetry"): OBSERVABILITY,
    ("docs/observability.md", "from ddtrace"): OBSERVABILITY,
    ("docs/observability.md", "from lumigo_tracer"): OBSERVABILITY,
    ("docs/observability.md", "import newrelic.agent"): OBSERVABILITY,
    ("docs/observability.md", "from contextlib"): OBSERVABILITY,
}

# Commands, by their beginning. What may be checked without running it is checked besides
# (commands.py): targets of make, options of ours, operations of the AWS CLI.
COMMANDS = {
    ". .venv/bin/activate": "tests/docs/test_tutorial.py runs the rest in such an environment",
    "aws ": NEEDS_AWS,
    "cdk ": NEEDS_AWS,  # its template is served: tests/examples/test_bedrock_chat_cdk.py
    "cd ": "tests/docs/test_tutorial.py is there already",
    "cp lambda-sse/dist/": "tests/docs/test_tutorial.py lays these files out",
    'curl -N "$(aws ': NEEDS_AWS,
    'curl -N "${STREAM_URL}': NEEDS_AWS,
    "for action in ": NEEDS_AWS,
    "gh api ": "needs GitHub",
    "git clone ": "needs the repository's address",
    "local-lambda": "tests/local_lambda/test_command.py",
    "make ": "runs these tests themselves, or a server",
    "mkdir ": "tests/docs/test_tutorial.py has a folder",
    "pip install ": NEEDS_INDEX,
    "python -m pip install twine": NEEDS_INDEX,
    "python -m pip install lambda-streaming": NEEDS_INDEX,
    "python -m sse_conformance ": "tests/sse_conformance/test_command.py",
    "sse-conformance ": "tests/sse_conformance/test_command.py",
    "my-server ": "a server of the reader's",
    "python -m pytest ": "tests/docs/test_tutorial.py, or needs an AWS account",
    "python3 -m venv ": "makes an environment, which takes seconds",
    ".venv/bin/python scripts/redrive.py": "tests/scripts/redrive/test_redrive.py",
    "python -m benchmarks.": "tests/benchmarks",
    ".venv-bench/bin/python -m benchmarks.run": "tests/benchmarks/test_harness.py",
    "sam ": NEEDS_AWS,
    "terraform ": NEEDS_AWS,
}

# Requests to the emulator, by the page's beginning: the test that makes them.
REQUESTS = {
    "examples/": "tests/examples/test_readme_commands.py",
    "README.md": RECIPES,
    "layers/streaming_runtime/README.md": RECIPES,
    "docs/tutorial.md": "tests/docs/test_tutorial.py",
    "docs/troubleshooting.md": "tests/docs/test_tutorial.py makes one like it",
    "docs/how-to/debugging.md": "tests/docs/test_tutorial.py makes one like it",
}

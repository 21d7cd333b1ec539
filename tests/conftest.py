"""Options and fixtures for all tests."""

pytest_plugins = ["tests.moto_table"]


def pytest_addoption(parser):
    group = parser.getgroup("deployed service")
    group.addoption(
        "--base-url", help="run the end-to-end tests against this address of the API, stage included"
    )
    group.addoption("--stream-url", help="the stream function's Function URL, with --base-url")
    group.addoption("--table", help="the deployed table, so that tests can write items, with --base-url")

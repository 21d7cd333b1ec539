"""Reads the templates of `tests/local_lambda/corpus`, and says what is served of each."""

from local_lambda.template import template
from local_lambda.template.inputs import Inputs
from tests.support.paths import ROOT

CORPUS = ROOT / "tests/local_lambda/corpus"
CASES = sorted(path.parent.name for path in CORPUS.glob("*/expected.json"))


def read_case(name, overrides=None, stored=None):
    """Returns the application of one folder of the corpus."""
    (path,) = CORPUS.joinpath(name).glob("*template.*")
    return template.read(path, overrides=overrides, inputs=Inputs(stored=stored or {}))


def routes_of(application):
    """Returns the routes (`METHOD /path`) by the logical id of their API."""
    return {
        api.logical_id: sorted(f"{route.method} {route.path}" for route in api.routes)
        for api in application.apis
    }


def served(application):
    """Returns what is served, in the form of `expected.json`."""
    return {
        "functions": sorted(application.functions),
        "urls": sorted(name for name, each in application.functions.items() if each.url),
        "apis": routes_of(application),
        "load_balancers": {each.logical_id: len(each.rules) for each in application.load_balancers},
        "tables": sorted(application.tables),
        "mappings": sorted(f"{each.function} < {each.table}" for each in application.mappings),
        "events": sorted(f"{each.function}.{each.name}" for each in application.events),
    }

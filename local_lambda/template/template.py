"""Turns a template into the application that the emulator runs, and names what it does not run.

Page sam-specification.html in
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
"""

from collections.abc import Mapping
from pathlib import Path

from local_lambda.application import Application
from local_lambda.template.api_values import with_origins
from local_lambda.template.apis import KNOWN as APIS
from local_lambda.template.apis import read_apis, read_load_balancers
from local_lambda.template.expand import expand_loops, include_files
from local_lambda.template.functions import INVOKE_CONFIG, read_functions
from local_lambda.template.inputs import Inputs
from local_lambda.template.kinds import report_kinds
from local_lambda.template.layer_sources import LayerSources
from local_lambda.template.mappings import MAPPING, read_events
from local_lambda.template.parameters import Parameters
from local_lambda.template.resolver import Resolver
from local_lambda.template.shape import (
    check_resources,
    load_template,
    report_unknown_sections,
)
from local_lambda.template.sources import SOURCES
from local_lambda.template.stack import Stack
from local_lambda.template.tables import read_tables
from local_lambda.template.text import read_text
from local_lambda.template.values import FUNCTIONS, LAYERS, TABLES, URL
from local_lambda.template.variables import with_variables

_READ = (*FUNCTIONS, *LAYERS, *APIS, *TABLES, URL, MAPPING, *SOURCES, INVOKE_CONFIG)


def read(
    path: Path,
    overrides: Mapping[str, str] | None = None,
    region: str = "us-east-1",
    urls: Mapping[str, str] | None = None,
    inputs: Inputs | None = None,
) -> Application:
    """Reads a template. Raises TemplateError if nothing of it can be read.

    `overrides` are values of parameters that the user gives. `urls` are the Function URLs by
    logical id, for templates that refer to them. `inputs` is what else the user gives.
    """
    given = inputs or Inputs()
    base = path.resolve().parent
    template = load_template(read_text(path))
    template.findings += given.findings
    report_unknown_sections(template)
    parameters = Parameters(
        template.values.get("Parameters"),
        overrides or {},
        configured=given.configured,
        stored=given.stored,
        report=lambda name, *words: template.report(("Parameters", name), *words),
    )
    plain = Resolver(template.values, {}, region, parameters=parameters)
    include_files(template, base, plain)
    expand_loops(template, plain)
    check_resources(template)
    stack = Stack(
        template=template.values,
        base=base,
        overrides=overrides or {},
        region=region,
        urls=urls or {},
        line_of=template.lines.of,
        parameters=parameters,
        place_of=template.place_of,
    )
    stack.findings += template.findings
    stack.resolver.notes += plain.notes
    application = application_of(stack, given.layers)
    if not given.variables:
        return application
    return with_variables(application, stack, given.variables)


def application_of(stack: Stack, layers: LayerSources | None = None) -> Application:
    """Reads what a stack describes, one kind of resource after the other."""
    report_kinds(stack, _READ)
    functions = read_functions(stack, layers)
    apis = read_apis(stack, functions)
    tables = read_tables(stack)
    mappings, events = read_events(stack, functions)
    return Application(
        functions=with_origins(functions, stack.urls, stack.region),
        apis=apis,
        load_balancers=read_load_balancers(stack, functions),
        tables=tables,
        mappings=mappings,
        events=events,
        findings=stack.all_findings(),
    )

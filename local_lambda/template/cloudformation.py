"""Gathers the template language: text, parameters, conditions and intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from typing import Any

from local_lambda.template.resolver import NO_VALUE as NO_VALUE
from local_lambda.template.resolver import Resolver as Resolver
from local_lambda.template.shape import check_resources, load_template
from local_lambda.template.text import TemplateError as TemplateError


def load(text: str) -> dict[str, Any]:
    """Returns the template as dictionaries with tags in their long form. Raises TemplateError."""
    template = load_template(text)
    check_resources(template)
    return template.values

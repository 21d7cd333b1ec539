"""Knows public layers by name: which packages stand for them, or why they are left out.

The account differs between regions and partitions, so a layer is known by its name. Sources:
https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/ (017000801446; China:
498634801083)
https://aws-sdk-pandas.readthedocs.io/en/stable/layers.html (336392948345)
https://github.com/keithrozario/Klayers (770693421928)
https://github.com/awslabs/aws-lambda-web-adapter (753240598075)
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
Lambda-Insights-extension-versions.html (580247275435)
https://docs.aws.amazon.com/systems-manager/latest/userguide/
ps-integration-lambda-extensions.html (177933569100 and others)
https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions.html
https://aws-otel.github.io/docs/getting-started/lambda (901920570463)
https://docs.datadoghq.com/serverless/aws_lambda/ (464622532012)
https://docs.sentry.io/platforms/python/integrations/aws-lambda/ (943013980633)
https://layers.newrelic-external.com (451483290750)
"""

import re
from dataclasses import dataclass

_EXTENSION = "extensions do not run here"
_POWERTOOLS_PATH = re.compile(r"/aws/service/powertools/python/[^/]+/[^/]+/([\w.]+)")


@dataclass(frozen=True)
class KnownLayer:
    """`packages` are requirements that stand for the layer. `reason` says why it is left out."""

    packages: tuple[str, ...] = ()
    reason: str = ""
    advice: str = ""
    is_ours: bool = False


# Patterns of whole names. `\1` in a package is the first group of the pattern.
_LAYERS = (
    ("AWSLambdaPowertoolsPythonV3-.*", KnownLayer(("aws-lambda-powertools[all]>=3,<4",))),
    ("AWSLambdaPowertoolsPythonV2.*", KnownLayer(("aws-lambda-powertools[all]>=2,<3",))),
    ("AWSLambdaPowertoolsPython(-.*)?", KnownLayer(("aws-lambda-powertools[all]>=1,<2",))),
    ("AWSSDKPandas-Python.*", KnownLayer(("awswrangler>=3",))),
    ("AWSDataWrangler-Python.*", KnownLayer(("awswrangler>=2",))),
    (r"Klayers-p(?:ython)?\d+-(?:arm64-)?([\w.-]+)", KnownLayer((r"\1",))),
    ("SentryPythonServerlessSDK", KnownLayer(("sentry-sdk",))),
    (r"Datadog-Python\d+(-ARM|-FIPS)*", KnownLayer(("datadog-lambda",))),
    (r"NewRelicPython\d*(ARM64)?", KnownLayer(("newrelic-lambda",))),
    (
        "LambdaAdapterLayer(X86|Arm64)",
        KnownLayer(
            reason="it is the Lambda Web Adapter, which runs a web server beside Lambda's runtime",
            advice="the streaming runtime streams without one",
        ),
    ),
    ("LambdaInsightsExtension.*", KnownLayer(reason=f"it measures for CloudWatch; {_EXTENSION}")),
    ("Datadog-Extension.*", KnownLayer(reason=f"it sends to Datadog; {_EXTENSION}")),
    ("NewRelicLambdaExtension.*", KnownLayer(reason=f"it sends to New Relic; {_EXTENSION}")),
    (
        "AWS-AppConfig-Extension.*",
        KnownLayer(reason=f"it serves AppConfig on port 2772; {_EXTENSION}"),
    ),
    (
        "AWS-Parameters-and-Secrets-Lambda-Extension.*",
        KnownLayer(reason=f"it serves parameters and secrets on port 2773; {_EXTENSION}"),
    ),
    (
        "aws-otel-.*|AWSOpenTelemetryDistro.*|opentelemetry-.*",
        KnownLayer(reason=f"it sends traces by OpenTelemetry; {_EXTENSION}"),
    ),
    (".*streaming[-_]runtime.*", KnownLayer(is_ours=True)),
)

# Handlers that are in a layer, and not in the package that stands for it; with the variable that
# names the function's own handler.
WRAPPING_HANDLERS = {
    "newrelic_lambda_wrapper.handler": ("newrelic-lambda", "NEW_RELIC_LAMBDA_HANDLER"),
    "sentry_sdk.integrations.init_serverless_sdk.sentry_lambda_handler": (
        "sentry-sdk",
        "SENTRY_INITIAL_HANDLER",
    ),
}


def known_layer(reference: str) -> KnownLayer | None:
    """Returns what is known of a layer's ARN, or of the SSM parameter that holds it."""
    if path := _POWERTOOLS_PATH.search(reference):
        version = path[1]
        is_version = version[0].isdigit()
        return KnownLayer((f"aws-lambda-powertools[all]{f'=={version}' if is_version else ''}",))
    name = layer_name(reference)
    for pattern, layer in _LAYERS:
        if found := re.fullmatch(pattern, name):
            packages = tuple(found.expand(package) for package in layer.packages)
            return KnownLayer(packages, layer.reason, layer.advice, layer.is_ours)
    return None


def layer_name(reference: str) -> str:
    """Returns `NAME` for `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`, with or without it."""
    name = reference.partition(":layer:")[2] or reference
    return name.partition(":")[0]

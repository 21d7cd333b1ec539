"""Which list prices does the model use, from where, and as of when?

us-east-1, in US dollars, without free tiers, taxes and discounts. Read in November 2026 from the
pages named here or from public copies of them: check them before you decide.
"""

from typing import NamedTuple

AS_OF = "2026-11"
MONTH_H = 730
MONTH_S = MONTH_H * 3_600
GB = 1024**3  # data transfer, logs and the table are billed by binary gigabytes

_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_API = "https://aws.amazon.com/api-gateway/pricing/"
_EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/"
_FARGATE = "https://aws.amazon.com/fargate/pricing/"
_BALANCER = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_APPSYNC = "https://aws.amazon.com/appsync/pricing/"
_IOT = "https://aws.amazon.com/iot-core/pricing/"


class Price(NamedTuple):
    """Dollars for one `unit`, and the page that says so."""

    dollars: float
    unit: str
    source: str


PRICES = {
    "lambda arm64": Price(0.0000133334, "GB-second", _LAMBDA),
    "lambda x86_64": Price(0.0000166667, "GB-second", _LAMBDA),
    "lambda request": Price(0.20e-6, "request", _LAMBDA),
    "managed instances fee": Price(0.15, "part of the instance's price", _LAMBDA),
    "read unit": Price(0.125e-6, "read request unit", _DYNAMODB),
    "write unit": Price(0.625e-6, "write request unit", _DYNAMODB),
    "table storage": Price(0.25, "GB and month", _DYNAMODB),
    "rest api request": Price(3.50e-6, "request", _API),
    "c7g.large": Price(0.0725, "hour", _EC2),
    "c7g.xlarge": Price(0.1450, "hour", _EC2),
    "m7g.large": Price(0.0816, "hour", _EC2),
    "t4g.micro": Price(0.0084, "hour", _EC2),
    "data out": Price(0.09, "GB", _EC2),
    "fargate arm64 vcpu": Price(0.03238, "vCPU-hour", _FARGATE),
    "fargate arm64 gb": Price(0.00356, "GB-hour", _FARGATE),
    "load balancer": Price(0.0225, "hour", _BALANCER),
    "load balancer unit": Price(0.008, "LCU-hour", _BALANCER),
    "alarm": Price(0.10, "metric and month", _CLOUDWATCH),
    "metric": Price(0.30, "metric and month", _CLOUDWATCH),
    "dashboard": Price(3.00, "month", _CLOUDWATCH),
    "logs": Price(0.50, "GB", _CLOUDWATCH),
    "put metric data": Price(0.01e-3, "request", _CLOUDWATCH),
    "appsync events operation": Price(1.00e-6, "operation", _APPSYNC),
    "appsync events minute": Price(0.08e-6, "connection minute", _APPSYNC),
    "iot core message": Price(1.00e-6, "message", _IOT),
    "iot core minute": Price(0.08e-6, "connection minute", _IOT),
}
INSTANCES = ("c7g.large", "c7g.xlarge", "m7g.large")


def price(name: str) -> float:
    """Returns dollars for one unit. Raises KeyError for a name that is not in the table."""
    return PRICES[name].dollars

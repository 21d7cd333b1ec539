"""Which limits of AWS does the simulation know, and where do they stand?

Default quotas, read in November 2026. Those of the account can be raised, those of a partition
cannot.
"""

from dataclasses import dataclass

PARTITION = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
SCALING = "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"
URLS = "https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html"

PARTITION_READS = 3_000  # read units a second
PARTITION_WRITES = 1_000  # write units a second


@dataclass(frozen=True)
class Quotas:
    """Limits of an account, and of this service's fronts.

    `concurrency`: executions at once of all functions. `environments`: new execution environments
    that a function gets in 10 s. `front_rate`: streams that may be opened a second through the
    front, with `front_burst` at once.
    """

    concurrency: int = 1_000
    environments: int = 1_000
    front_rate: float = 10_000
    front_burst: float = 10_000


def function_url(concurrency: int = 1_000) -> Quotas:
    """Returns the quotas of a Function URL: ten requests a second for each execution at once."""
    return Quotas(concurrency, front_rate=10 * concurrency, front_burst=10 * concurrency)


def rest_api(concurrency: int = 1_000) -> Quotas:
    """Returns the quotas of the template's REST API: 25 a second on each stream's route."""
    return Quotas(concurrency, front_rate=25, front_burst=500)

"""Every probe, by the id of what it tries."""

from verify_aws.probes import fronts, lambda_api, rest_api, streams, web_fronts
from verify_aws.trying import PROBES

__all__ = ["PROBES", "fronts", "lambda_api", "rest_api", "streams", "web_fronts"]

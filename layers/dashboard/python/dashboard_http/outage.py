"""Is this error an outage of the table, or a bug? The one is a 503, the other a 500."""

from botocore.exceptions import BotoCoreError, ParamValidationError
from dashboard_data.dynamodb import Throttled, cancellation_codes, error_code
from dashboard_data.feed.head import UnreadableHead
from dashboard_data.users.configurations import Contended

# DynamoDB understood the request and refused what it says: another try would not help.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
OUR_FAULT = frozenset(
    {
        "ConditionalCheckFailedException",
        "ItemCollectionSizeLimitExceededException",
        "SerializationException",
        "ValidationException",
    }
)


def is_outage(error: BaseException) -> bool:
    """Whether the table cannot be reached, is overloaded, or does not let us in."""
    if isinstance(error, Throttled | Contended | UnreadableHead | TimeoutError | ConnectionError):
        return True
    if isinstance(error, BotoCoreError):
        return not isinstance(error, ParamValidationError)
    code = error_code(error)
    if not code or code in OUR_FAULT:
        return False
    return "ValidationError" not in (cancellation_codes(error) or ())

"""DynamoDB's own words: every error that it documents for the calls of this service.

Names, fields and messages are those of its API reference and of its guide; the namespaces are those
of its JSON protocol, which has one for the service and several for what stands before it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
"""

import json
import zlib
from typing import Any, NamedTuple

SERVICE = "com.amazonaws.dynamodb.v20120810#"
COMMON = "com.amazon.coral.service#"
AVAILABILITY = "com.amazon.coral.availability#"
VALIDATION = "com.amazon.coral.validate#"
REQUEST_ID = "KEHS6KO47M0M0U3I3QNPT5RCGNVV4KQNSO5AEMVJF66Q9ASUAAJG"
TABLE_ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/dashboard"
CONDITION_FAILED = "The conditional request failed"
HOT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically"
    " scaling your table or index so please try again shortly. If exceptions persist, check if you"
    " have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "bp-partition-key-design.html."
)
PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. Consider"
    " increasing your provisioning level with the UpdateTable API."
)
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})


class Response(NamedTuple):
    """One HTTP response, as it goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Word(NamedTuple):
    """One documented error. `only`: the calls that have it; empty for all of them."""

    name: str
    namespace: str
    message: str
    status: int = 400
    field: str = "message"
    only: frozenset[str] = frozenset()
    more: tuple[tuple[str, Any], ...] = ()

    def response(self) -> Response:
        body = {"__type": self.namespace + self.name, self.field: self.message, **dict(self.more)}
        return said(self.status, body)

    def is_said_to(self, operation: str) -> bool:
        return not self.only or operation in self.only


def said(status: int, body: Any) -> Response:
    """Returns the response that has this body, with the headers that DynamoDB sends."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return Response(status, headers_of(content), content)


def headers_of(content: bytes) -> dict[str, str]:
    return {
        "Server": "Server",
        "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": str(len(content)),
        "x-amzn-RequestId": REQUEST_ID,
        "x-amz-crc32": str(zlib.crc32(content)),
    }


def reason(limit: str) -> list[dict[str, str]]:
    """Returns a list of throttling reasons, which responses have since August 2025."""
    return [{"reason": limit, "resource": TABLE_ARN}]


_TRANSACTION = frozenset({"TransactWriteItems"})
THROTTLING = [
    Word(
        "ProvisionedThroughputExceededException",
        SERVICE,
        PROVISIONED,
        more=(("ThrottlingReasons", reason("TableWriteProvisionedThroughputExceeded")),),
    ),
    Word(
        "ThrottlingException",
        SERVICE,
        HOT,
        more=(("throttlingReasons", reason("TableReadKeyRangeThroughputExceeded")),),
    ),
    Word("ThrottlingException", AVAILABILITY, "Rate exceeded"),
    Word(
        "RequestLimitExceeded",
        SERVICE,
        "Throughput exceeds the current throughput limit for your account. Please contact AWS"
        " Support at https://aws.amazon.com/support request a limit increase.",
        more=(("ThrottlingReasons", reason("TableReadAccountLimitExceeded")),),
    ),
]
FAILING = [
    Word("InternalServerError", SERVICE, "Internal server error", status=500),
    Word("InternalFailure", COMMON, "The request processing has failed.", 500, "Message"),
    Word("ServiceUnavailable", COMMON, "Service unavailable.", 503, "Message"),
    Word("ServiceUnavailableException", COMMON, "Service unavailable.", 503, "Message"),
]
SHUT_OUT = [
    Word("ExpiredTokenException", COMMON, "The security token included in the request is expired"),
    Word(
        "UnrecognizedClientException",
        COMMON,
        "The security token included in the request is invalid.",
    ),
    Word(
        "InvalidSignatureException",
        COMMON,
        "Signature expired: 20261122T120000Z is now earlier than 20261122T121500Z"
        " (20261122T122000Z - 5 min.)",
    ),
    Word(
        "IncompleteSignatureException",
        COMMON,
        "The request signature does not conform to AWS standards.",
    ),
    Word(
        "MissingAuthenticationTokenException",
        COMMON,
        "Request must contain a valid (registered) AWS Access Key ID.",
    ),
    Word(
        "AccessDeniedException",
        COMMON,
        "User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform:"
        f" dynamodb:GetItem on resource: {TABLE_ARN} because no identity-based policy allows the"
        " dynamodb:GetItem action",
        field="Message",
    ),
    Word("ResourceNotFoundException", SERVICE, "Requested resource not found"),
]
REFUSED_WRITES = [
    Word(
        "TransactionConflictException",
        SERVICE,
        "Transaction is ongoing for the item",
        only=WRITES,
    ),
    Word(
        "ReplicatedWriteConflictException",
        SERVICE,
        "The request was rejected because one or more items in the request are being modified by a"
        " request in another Region.",
        only=WRITES,
    ),
    Word(
        "TransactionInProgressException",
        SERVICE,
        "The transaction with the given request token is already in progress.",
        field="Message",
        only=_TRANSACTION,
    ),
]
# No other try helps against these: they tell a defect of the caller, or an answer.
OUR_FAULT = [
    Word("ConditionalCheckFailedException", SERVICE, CONDITION_FAILED, only=WRITES),
    Word(
        "ItemCollectionSizeLimitExceededException",
        SERVICE,
        "Collection size exceeded.",
        only=WRITES,
    ),
    Word(
        "IdempotentParameterMismatchException",
        SERVICE,
        "The request uses the same client token as a previous, but non-identical request. Do not"
        " reuse a client token with different requests, unless the requests are identical",
        field="Message",
        only=_TRANSACTION,
    ),
    Word("ValidationException", VALIDATION, "One or more parameter values were invalid."),
    Word("SerializationException", COMMON, "Start of structure or map found where not expected."),
]
# Codes and messages of the reasons for which a transaction is cancelled.
CANCELLATIONS = {
    "ConditionalCheckFailed": CONDITION_FAILED,
    "ItemCollectionSizeLimitExceeded": "Collection size exceeded.",
    "TransactionConflict": "Transaction is ongoing for the item",
    "ProvisionedThroughputExceeded": PROVISIONED,
    "ThrottlingError": HOT,
    "ValidationError": "One or more parameter values were invalid.",
}
PASSING_CANCELLATIONS = (
    "TransactionConflict",
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
)


def cancelled(codes: list[str], items: dict[int, Any] | None = None) -> Response:
    """Returns how a transaction is refused whose actions got these codes, in their order.

    `items`: by the action's place, the item as it was, where the action asked for it.
    """
    reasons: list[dict[str, Any]] = []
    for place, code in enumerate(codes):
        told: dict[str, Any] = {"Code": code}
        if code != "None":
            told["Message"] = CANCELLATIONS[code]
        if items and place in items:
            told["Item"] = items[place]
        reasons.append(told)
    return said(
        400,
        {
            "__type": f"{SERVICE}TransactionCanceledException",
            "CancellationReasons": reasons,
            "Message": "Transaction cancelled, please refer cancellation reasons for specific"
            f" reasons [{', '.join(codes)}]",
        },
    )

"""Does the corrected moto say what DynamoDB says? Each error that the service's calls can meet."""

import json

import pytest

from tests.support import dynamodb_words as words

ABSENT = "attribute_not_exists(PK)"
PRESENT = "attribute_exists(PK)"
TAKEN = {"PK": {"S": "taken"}, "SK": {"S": "s"}, "t": {"S": "text"}}
MISMATCH = "An operand in the update expression has an incorrect data type"
NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
LARGE_PUT = "Item size has exceeded the maximum allowed size"
LARGE_UPDATE = "Item size to update has exceeded the maximum allowed size"


def at(name):
    return {"PK": {"S": name}, "SK": {"S": "s"}}


def put(name, **more):
    return {"Put": {"Item": at(name), **more}}


def update(name, expression, value, **more):
    values = {":v": value}
    fields = {"Key": at(name), "UpdateExpression": expression, "ExpressionAttributeValues": values}
    return {"Update": {**fields, **more}}


ADD_TO_TEXT = update("taken", "ADD t :v", {"N": "1"})
READ_NOTHING = update("taken", "SET n = w + :v", {"N": "1"})
TOO_LARGE = {"S": "x" * 410_000}


@pytest.fixture
def said(client, table):
    """Returns `said(operation, **parameters)`: the body of the error that this call gets."""
    client.put_item(TableName=table, Item=TAKEN)
    bodies = []

    def keep(response_dict, **_):
        bodies.append(json.loads(response_dict["body"]))

    client.meta.events.register("before-parse.dynamodb", keep)

    def run(operation, **parameters):
        if operation == "transact_write_items":
            for action in parameters["TransactItems"]:
                for fields in action.values():
                    fields.setdefault("TableName", table)
        else:
            parameters = {"TableName": table, **parameters}
        with pytest.raises(client.exceptions.ClientError):
            getattr(client, operation)(**parameters)
        return bodies[-1]

    yield run
    client.meta.events.unregister("before-parse.dynamodb", keep)


WRITES = {
    "put_item": {"Item": at("taken")},
    "delete_item": {"Key": at("taken")},
    "update_item": ADD_TO_TEXT["Update"],
}


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("asks_for_the_item", [False, True])
def test_a_condition_that_fails_has_dynamodbs_words_and_the_item_if_it_was_asked_for(
    said, operation, asks_for_the_item
):
    fields = {**WRITES[operation], "ConditionExpression": ABSENT}
    item = {}
    if asks_for_the_item:
        fields["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        item = {"Item": TAKEN}
    body = said(operation, **fields)

    assert body == {
        "__type": f"{words.SERVICE}ConditionalCheckFailedException",
        "message": words.CONDITION_FAILED,
        **item,
    }


@pytest.mark.parametrize("operation", ["put_item", "delete_item", "update_item", "get_item"])
def test_a_table_that_is_not_there_has_dynamodbs_words(said, operation):
    fields = WRITES.get(operation, {"Key": at("taken")})
    (missing,) = [each for each in words.SHUT_OUT if each.name == "ResourceNotFoundException"]

    assert said(operation, **fields, TableName="none") == json.loads(missing.response().body)


NO = {"ConditionExpression": PRESENT}
CANCELLED = {
    "the second": ([put("a"), put("taken", ConditionExpression=ABSENT), put("b")], [1]),
    "the first and the last": (
        [put("taken", ConditionExpression=ABSENT), put("a"), put("b", **NO)],
        [0, 2],
    ),
    "all": ([put("a", **NO), put("b", **NO)], [0, 1]),
}


@pytest.mark.parametrize("actions", CANCELLED.values(), ids=CANCELLED)
def test_a_cancelled_transaction_has_a_reason_for_each_action_in_their_order(said, actions):
    actions, failing = actions
    codes = ["None"] * len(actions)
    for place in failing:
        codes[place] = "ConditionalCheckFailed"

    body = said("transact_write_items", TransactItems=actions)
    assert body == json.loads(words.cancelled(codes).body)


def test_a_reason_has_the_item_as_it_was_where_the_action_asks_for_it(said):
    asking = put("taken", ConditionExpression=ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    body = said("transact_write_items", TransactItems=[put("a"), asking])

    told = words.cancelled(["None", "ConditionalCheckFailed"], {1: TAKEN})
    assert body == json.loads(told.body)


DOES_NOT_FIT = {
    "adding to a text": (ADD_TO_TEXT, MISMATCH),
    "an attribute that is not there": (READ_NOTHING, NO_ATTRIBUTE),
    "a large put": ({"Put": {"Item": at("b") | {"x": TOO_LARGE}}}, LARGE_PUT),
    "a large update": (update("taken", "SET x = :v", TOO_LARGE), LARGE_UPDATE),
}


@pytest.mark.parametrize("case", DOES_NOT_FIT.values(), ids=DOES_NOT_FIT)
def test_an_action_that_does_not_fit_its_item_cancels_the_transaction_at_that_action(
    said, client, table, case
):
    action, message = case
    body = said("transact_write_items", TransactItems=[put("a"), action, put("c")])

    assert body["__type"] == f"{words.SERVICE}TransactionCanceledException"
    assert body["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ValidationError", "Message": message},
        {"Code": "None"},
    ]
    assert "Item" not in client.get_item(TableName=table, Key=at("a"))
    assert client.get_item(TableName=table, Key=at("taken"))["Item"] == TAKEN


@pytest.mark.parametrize("case", DOES_NOT_FIT.values(), ids=DOES_NOT_FIT)
def test_a_single_write_that_does_not_fit_its_item_is_an_invalid_request(said, case):
    action, message = case
    ((kind, fields),) = action.items()
    body = said(f"{kind.lower()}_item", **{k: v for k, v in fields.items() if k != "TableName"})

    assert body["__type"].endswith("#ValidationException")
    assert body["message"] == message

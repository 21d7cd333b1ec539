"""Results for fronts that buffer. Each function with an event and a context is a case.

The payloads are those of tests/parity/cases.py, by the beginning of the function's name.
"""

import base64

HTML = {"Content-Type": "text/html"}


def alb_text(event, context):
    return {"statusCode": 200, "headers": HTML, "body": "text ü"}


def alb_base64(event, context):
    body = base64.b64encode(b"\x89PNG").decode()
    return {"statusCode": 200, "isBase64Encoded": True, "body": body}


def alb_without_a_body(event, context):
    return {"statusCode": 204}


def alb_body_that_is_null(event, context):
    return {"statusCode": 200, "body": None}


def alb_empty_body(event, context):
    return {"statusCode": 200, "body": ""}


def alb_without_a_status(event, context):
    return {"body": "text"}


def alb_status_as_text(event, context):
    return {"statusCode": "200", "body": "text"}


def alb_status_description(event, context):
    return {"statusCode": 200, "statusDescription": "200 OK", "body": "text"}


def alb_more_headers(event, context):
    return {
        "statusCode": 200,
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "headers": {"X": 1, "Y": True, "Z": None},
        "body": "text",
    }


def alb_text_as_result(event, context):
    return "text"


def alb_nothing(event, context):
    return None


def alb_fields_of_its_own(event, context):
    return {"statusCode": 200, "body": "text", "more": {"a": [1]}}


def alb_large_body(event, context):
    return {"statusCode": 200, "body": "x" * 900_000}


def alb_error(event, context):
    raise ValueError("at the front")


def api_text(event, context):
    return {"statusCode": 200, "headers": HTML, "cookies": ["a=1"], "body": "text"}


def api_dict_as_result(event, context):
    return {"hello": "world"}


def api_list_as_result(event, context):
    return [1, 2]


def api_with_cookies_alone(event, context):
    return {"statusCode": 200, "cookies": ["a=1"]}


def queue_result(event, context):
    return {"batchItemFailures": [{"itemIdentifier": "id"}]}


def queue_status(event, context):
    return {"statusCode": 200, "body": "nobody reads this"}


def queue_body_that_is_a_dict(event, context):
    return {"statusCode": 200, "body": {"a": 1}}


def queue_body_that_is_a_list(event, context):
    return {"statusCode": 200, "body": [1, "a"]}


def queue_body_that_is_a_number(event, context):
    return {"statusCode": 200, "body": 5}


def queue_body_that_is_bytes(event, context):
    return {"statusCode": 200, "body": b"bytes"}


def queue_status_that_is_none(event, context):
    return {"statusCode": "fine", "body": "x"}


def queue_base64_that_is_none(event, context):
    return {"statusCode": 200, "isBase64Encoded": True, "body": "no base64!"}


def queue_headers_that_are_text(event, context):
    return {"statusCode": 200, "headers": "text", "body": "x"}


def authorizer(event, context):
    return {
        "principalId": "user",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}],
        },
        "context": {"number": 1, "flag": True},
    }

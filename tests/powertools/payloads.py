"""Payloads of every front that an event handler of Powertools serves, with what it reads."""


def url(path, method="GET", headers=None, **more):
    """A Function URL: payload format 2.0."""
    return _format_2("abc.lambda-url.us-east-1.on.aws", path, method, headers, more)


def http_api(path, method="GET", headers=None, **more):
    """An HTTP API: payload format 2.0."""
    return _format_2("abc.execute-api.us-east-1.amazonaws.com", path, method, headers, more)


def _format_2(domain, path, method, headers, more):
    http = {
        "method": method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test",
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers or {},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": domain,
            "domainPrefix": "abc",
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
            "http": http,
        },
        "isBase64Encoded": False,
        **more,
    }


def rest_api(path, method="GET", headers=None, **more):
    """A REST API: payload format 1.0."""
    context = {"httpMethod": method, "stage": "dev", "path": path, "requestId": "id"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": context,
        "body": None,
        "isBase64Encoded": False,
        **more,
    }


def load_balancer(path, method="GET", headers=None, **more):
    """An Application Load Balancer."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1"
    return {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": headers or {},
        "body": "",
        "isBase64Encoded": False,
        **more,
    }


def lattice(path, method="GET", headers=None, **more):
    """VPC Lattice, version 1."""
    return {
        "raw_path": path,
        "method": method,
        "headers": headers or {},
        "query_string_parameters": {},
        "body": "",
        "is_base64_encoded": False,
        **more,
    }


def lattice_2(path, method="GET", headers=None, **more):
    """VPC Lattice, version 2."""
    return {
        "version": "2.0",
        "path": path,
        "method": method,
        "headers": {name: [value] for name, value in (headers or {}).items()},
        "queryStringParameters": {},
        "requestContext": {"region": "us-east-1", "timeEpoch": "1767225600000000"},
        "body": "",
        "isBase64Encoded": False,
        **more,
    }


def agent(path, method="GET"):
    """An agent of Bedrock with an OpenAPI schema."""
    return {
        "messageVersion": "1.0",
        "agent": {"alias": "a", "name": "n", "version": "1", "id": "i"},
        "sessionId": "s",
        "sessionAttributes": {},
        "promptSessionAttributes": {},
        "inputText": "",
        "actionGroup": "group",
        "apiPath": path,
        "httpMethod": method,
        "parameters": [],
    }


def agent_function(name):
    """An agent of Bedrock with function details."""
    return {
        "messageVersion": "1.0",
        "agent": {"alias": "a", "name": "n", "version": "1", "id": "i"},
        "sessionId": "s",
        "sessionAttributes": {},
        "promptSessionAttributes": {},
        "inputText": "",
        "actionGroup": "group",
        "function": name,
        "parameters": [],
    }


def app_sync(field, **arguments):
    """AppSync: a resolver of a field."""
    return {
        "typeName": "Query",
        "fieldName": field,
        "arguments": arguments,
        "identity": None,
        "source": None,
        "request": {"headers": {}},
        "prev": None,
        "info": {"fieldName": field, "parentTypeName": "Query", "variables": {}},
        "stash": {},
    }


def app_sync_event(path, *values):
    """AppSync Events: what somebody publishes to a channel."""
    return {
        "identity": None,
        "result": None,
        "request": {"headers": {}, "domainName": None},
        "info": {
            "channel": {"path": path, "segments": path.strip("/").split("/")},
            "channelNamespace": {"name": path.strip("/").split("/")[0]},
            "operation": "PUBLISH",
        },
        "error": None,
        "prev": None,
        "stash": {},
        "outErrors": [],
        "events": [{"id": str(at), "payload": value} for at, value in enumerate(values)],
    }

"""The context of an invocation. Each function with an event and a context is a case."""

import logging
import os
import sys

ATTRIBUTES = [
    "aws_request_id",
    "function_name",
    "function_version",
    "invoked_function_arn",
    "log_group_name",
    "log_stream_name",
    "memory_limit_in_mb",
    "tenant_id",
]


def everything(event, context):
    client = context.client_context
    return {
        "attributes": {name: getattr(context, name) for name in ATTRIBUTES},
        "identity": [
            context.identity.cognito_identity_id,
            context.identity.cognito_identity_pool_id,
        ],
        "custom": client.custom,
        "env": client.env,
        "client": [client.client.installation_id, client.client.app_title],
        "has": [hasattr(client, "w3c"), hasattr(client.client, "other")],
        "app": [
            client.client.app_version_name,
            client.client.app_version_code,
            client.client.app_package_name,
        ],
        "w3c": context.w3c(),
    }


def nothing(event, context):
    return {
        "attributes": {name: getattr(context, name) for name in ATTRIBUTES},
        "identity": [
            context.identity.cognito_identity_id,
            context.identity.cognito_identity_pool_id,
        ],
        "client": context.client_context,
        "w3c": context.w3c(),
    }


def representation(event, context):
    return [repr(context), str(context)]


def representation_without_anything(event, context):
    return repr(context)


def public_names(event, context):
    return sorted(name for name in dir(context) if not name.startswith("_"))


def name_of_the_class(event, context):
    return [type(context).__name__, type(context.identity).__name__]


def own_attributes_can_be_set(event, context):
    context.mine = 1
    context.function_name = "another"
    return [context.mine, context.function_name]


def client_without_w3c(event, context):
    client = context.client_context
    return [client.custom, client.env, client.client, context.w3c()]


def empty_client(event, context):
    client = context.client_context
    return [client is None, repr(client), context.w3c()]


def client_that_is_null(event, context):
    return context.client_context


def client_that_is_no_json(event, context):
    return "not reached"


def client_that_is_a_list(event, context):
    return "not reached"


def identity_that_is_no_json(event, context):
    return "not reached"


def identity_that_is_null(event, context):
    return context.identity.cognito_identity_id


def trace(event, context):
    return os.environ.get("_X_AMZN_TRACE_ID")


def no_trace_after_one(event, context):
    return "_X_AMZN_TRACE_ID" in os.environ


def remaining_time(event, context):
    left_ms = context.get_remaining_time_in_millis()
    return [type(left_ms).__name__, 50_000 < left_ms <= 60_000]


def past_deadline(event, context):
    return context.get_remaining_time_in_millis()


def log(event, context):
    context.log("without a line end")
    context.log("with a line end\n")
    context.log(5)
    context.log({"a": 1})
    context.log("ü 漢字\n")


def log_then_print(event, context):
    context.log("first;")
    print("second")
    sys.stderr.write("third;")
    context.log("fourth\n")


def log_without_a_handler_on_the_root(event, context):
    root = logging.getLogger()
    kept = root.handlers[:]
    root.handlers.clear()
    try:
        context.log("by itself\n")
    finally:
        root.handlers[:] = kept


def tenant_in_a_log_line(event, context):
    logging.warning("of a tenant")
    return context.tenant_id


def no_tenant_after_one(event, context):
    logging.warning("of nobody")
    return context.tenant_id


def invocation_id(event, context):
    return "echoed"


def invocation_id_of_an_error(event, context):
    raise ValueError("echoed")


def public_variables(event, context):
    return sorted(name for name in vars(context) if not name.startswith("_"))


def copied(event, context):
    import copy

    twin = copy.copy(context)
    deep = copy.deepcopy(context)
    return [twin.aws_request_id, deep.function_name, deep.get_remaining_time_in_millis() > 0]


def pickled(event, context):
    import pickle

    twin = pickle.loads(pickle.dumps(context))
    return [twin.aws_request_id, repr(twin) == repr(context)]


def equality(event, context):
    return [context == context, bool(context), isinstance(hash(context), int)]


def attributes_that_are_missing(event, context):
    return [hasattr(context, "timeout"), getattr(context, "deadline", "none")]


def attribute_of_the_identity_that_is_missing(event, context):
    return context.identity.user


def identity_of_nobody(event, context):
    return [repr(context.identity), bool(context.identity)]


def w3c_is_a_copy(event, context):
    context.w3c()["more"] = 1
    return context.w3c()


def log_of_lines(event, context):
    context.log("one\ntwo\n")
    context.log("")


def remaining_time_falls(event, context):
    first = context.get_remaining_time_in_millis()
    for _ in range(200_000):
        pass
    return first >= context.get_remaining_time_in_millis()

"""The payloads of tests/parity/cases.py. Each function with an event and a context is a case."""


def described(event):
    """Returns the type and the value: equal numbers may be of different types."""
    return [type(event).__name__, repr(event)[:5000].encode("ascii", "backslashreplace")]


def an_object(event, context):
    return described(event)


def beyond_ascii(event, context):
    return described(event)


def escapes(event, context):
    return described(event)


def lone_surrogate(event, context):
    return described(event)


def byte_order_mark(event, context):
    return described(event)


def utf_16(event, context):
    return described(event)


def utf_32(event, context):
    return described(event)


def invalid_utf_8(event, context):
    return described(event)


def no_json(event, context):
    return described(event)


def cut_short(event, context):
    return described(event)


def two_values(event, context):
    return described(event)


def single_quotes(event, context):
    return described(event)


def trailing_comma(event, context):
    return described(event)


def control_character(event, context):
    return described(event)


def empty(event, context):
    return described(event)


def white_space(event, context):
    return described(event)


def white_space_around(event, context):
    return described(event)


def a_number(event, context):
    return described(event)


def a_text(event, context):
    return described(event)


def null(event, context):
    return described(event)


def true(event, context):
    return described(event)


def minus_zero(event, context):
    return described(event)


def numbers(event, context):
    return described(event)


def huge_number(event, context):
    return described(event)


def not_a_number(event, context):
    return described(event)


def leading_zero(event, context):
    return described(event)


def same_key_twice(event, context):
    return described(event)


def nested_500_deep(event, context):
    return described(event)


def nested_5000_deep(event, context):
    return described(event)


def nested_100000_deep(event, context):
    return described(event)


def large(event, context):
    return described(event)


def text_of_another_type(event, context):
    return described(event)


def bytes_of_another_type(event, context):
    return described(event)


def json_with_a_charset(event, context):
    return described(event)

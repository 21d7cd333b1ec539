"""Errors of every kind. Each function with an event and a context is a case."""

import json
import threading
import warnings


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class NotText(Exception):
    def __str__(self):
        return 5


class Custom(Exception):
    def __str__(self):
        return "its own text"


class Größe(Exception):
    pass


class lower_case(Exception):
    pass


class WithArguments(Exception):
    def __init__(self, code, reason):
        super().__init__(code, reason)


class OwnBase(BaseException):
    pass


class Naming(type):
    @property
    def __name__(cls):
        return "another name"


class Outer:
    class Inner(Exception):
        pass


def value_error(event, context):
    raise ValueError("wrong")


def empty_message(event, context):
    raise ValueError


def empty_text(event, context):
    raise ValueError("")


def several_arguments(event, context):
    raise WithArguments(5, "reason")


def message_of_bytes(event, context):
    raise ValueError(b"bytes")


def message_that_is_a_dict(event, context):
    raise ValueError({"a": 1})


def key_error(event, context):
    return event["missing key"]


def key_error_with_lines(event, context):
    raise KeyError("one\ntwo")


def several_lines(event, context):
    raise ValueError("one\ntwo\n  three\r\nfour\n")


def beyond_ascii(event, context):
    raise ValueError("größer 漢字 😀")


def lone_surrogate(event, context):
    raise ValueError("\udcff")


def control_characters(event, context):
    raise ValueError("\x00\x1b[31m\x7f")


def long_message(event, context):
    raise ValueError("x" * 20_000)


def custom_text(event, context):
    raise Custom("ignored")


def text_that_is_no_text(event, context):
    raise NotText("x")


def class_name_beyond_ascii(event, context):
    raise Größe("x")


def class_name_in_lower_case(event, context):
    raise lower_case("x")


def inner_class(event, context):
    raise Outer.Inner("x")


def chained(event, context):
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error


def chained_without_cause(event, context):
    try:
        raise KeyError("first")
    except KeyError:
        raise ValueError("second") from None


def during_handling(event, context):
    try:
        return {}["first"]
    except KeyError:
        return [][1]


def with_notes(event, context):
    error = ValueError("noted")
    error.add_note("a note")
    raise error


def group(event, context):
    raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])


def nested_group(event, context):
    raise ExceptionGroup("outer", [ExceptionGroup("inner", [OSError(2, "none")])])


def os_error(event, context):
    open("/does/not/exist")  # noqa: SIM115


def unicode_error(event, context):
    b"\xff".decode()


def division(event, context):
    def deeper(number):
        return 1 / number

    return deeper(0)


def stop_iteration(event, context):
    return next(iter(()))


def assertion(event, context):
    assert event is None, "an assertion"


def assertion_without_text(event, context):
    assert not context


def not_implemented(event, context):
    raise NotImplementedError


def raised_class_that_is_none(event, context):
    raise "text"  # noqa: B016


def type_error_of_the_call(event, context):
    return value_error(event)


def attribute(event, context):
    return context.no_such_attribute


def name(event, context):
    return no_such_name  # noqa: F821


def suggestion(event, context):
    return contex  # noqa: F821


def syntax_error_at_call_time(event, context):
    return eval("1 +")


def syntax_error_from_compile(event, context):
    compile("def f(:\n  pass", "generated.py", "exec")


def import_error_at_call_time(event, context):
    import no_such_module  # noqa: F401


def import_of_a_missing_name(event, context):
    from json import no_such_name  # noqa: F401


def recursion(event, context):
    def again():
        return again()

    try:
        again()
    except RecursionError as error:  # how many frames it takes differs
        raise RecursionError(str(error)) from None


def inside_of_the_standard_library(event, context):
    return json.loads("{")


def from_a_lambda(event, context):
    return (lambda: 1 / 0)()


def from_a_comprehension(event, context):
    return [1 / each for each in [1, 0]]


def from_generated_code(event, context):
    exec("raise ValueError('generated')")


def from_a_property(event, context):
    class Lazy:
        @property
        def value(self):
            raise LookupError("lazy")

    return Lazy().value


def from_a_generator(event, context):
    def numbers():
        yield 1
        raise ValueError("in the generator")

    return list(numbers())


def stop_iteration_in_a_generator(event, context):
    def numbers():
        yield next(iter(()))

    return list(numbers())


def warning_as_error(event, context):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.warn("as an error")  # noqa: B028


def raised_again(event, context):
    try:
        division(event, context)
    except ZeroDivisionError:
        raise


def raised_again_with_another_traceback(event, context):
    try:
        division(event, context)
    except ZeroDivisionError as error:
        raise error.with_traceback(None)  # noqa: B904


def kept_and_raised_later(event, context):
    error = ValueError("kept")
    try:
        raise error
    except ValueError:
        pass
    raise error


def in_a_thread(event, context):
    thread = threading.Thread(target=lambda: 1 / 0, name="a-thread")
    thread.start()
    thread.join()
    return "the handler goes on"


def in_a_destructor(event, context):
    class Failing:
        def __del__(self):
            raise ValueError("in a destructor")

    Failing()
    return "the handler goes on"


def generator_exit(event, context):
    raise GeneratorExit("its own")


def timeout(event, context):
    raise TimeoutError("too late")


def unprintable(event, context):
    raise Unprintable


def system_exit(event, context):
    raise SystemExit(3)


def keyboard_interrupt(event, context):
    raise KeyboardInterrupt


def base_exception(event, context):
    raise OwnBase("its own")


def with_a_line_in_its_name(event, context):
    raise type("Name\nWith: Line", (Exception,), {})("x")


def very_long_name(event, context):
    raise type("N" * 3000, (Exception,), {})("x")


def very_deep(event, context):
    def down(depth):
        if depth:
            return down(depth - 1)
        raise ValueError("deep")

    return down(150)


def result_that_is_no_json(event, context):
    return {"a": {1, 2}}


def result_that_fails_while_written(event, context):
    class Failing:
        def _asdict(self):
            raise KeyError("while written")

    return Failing()

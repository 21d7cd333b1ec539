"""Results of every kind. Each function with an event and a context is a case."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import types
import uuid
from decimal import Decimal


class Amount(Decimal):
    """A subclass that prints as itself."""


class Price(Decimal):
    def __str__(self):
        return "12.50"


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


class Word(enum.StrEnum):
    YES = "yes"


class Flags(enum.IntFlag):
    A = 1
    B = 2


class Text(str):
    def __str__(self):
        return "another text"


class Number(int):
    def __repr__(self):
        return "another number"


class Fraction(float):
    def __repr__(self):
        return "another fraction"


class ForJson:
    def for_json(self):
        return {"for": "json"}


class DictWithForJson(dict):
    def for_json(self):
        return "never"


class AsDict:
    def _asdict(self):
        return {"as": "dict"}


class DictWithAsDict(dict):
    def _asdict(self):
        return {"never": "this"}


class ListWithAsDict(list):
    def _asdict(self):
        return {"list": "as dict"}


class StrWithAsDict(str):
    def _asdict(self):
        return {"never": "this"}


class AsDictOfList:
    def _asdict(self):
        return [1, 2]


class AsDictAsText:
    _asdict = "not callable"


class Point(collections.namedtuple("Point", "x y")):
    __slots__ = ()


@dataclasses.dataclass
class Data:
    x: int = 1


class SlottedMapping(collections.abc.Mapping):
    def __getitem__(self, key):
        return 1

    def __iter__(self):
        return iter("ab")

    def __len__(self):
        return 2


class DictThatSorts(dict):
    def items(self):
        return sorted(super().items())

    def __iter__(self):
        return iter(sorted(super().keys()))


class ListThatDoubles(list):
    def __iter__(self):
        return iter([1, 1, 2, 2])


class Unprintable:
    def __repr__(self):
        raise ValueError("no repr")


def nested(kind, depth):
    value = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value


def null(event, context):
    return None


def true(event, context):
    return True


def false(event, context):
    return False


def zero(event, context):
    return 0


def minus_zero(event, context):
    return [-0.0, 0.0, -0]


def huge_int(event, context):
    return [2**53 + 1, 2**64, -(10**300)]


def int_beyond_the_limit_of_digits(event, context):
    return 10**5000


def floats(event, context):
    return [1.0, 0.1, 1e16, 1e15, 1e22, 1.5e-7, 1e-5, 123456789.123456789, 5e-324, 1.7e308]


def not_a_number(event, context):
    return [float("nan"), float("inf"), float("-inf")]


def text(event, context):
    return "plain"


def empty_text(event, context):
    return ""


def text_of_quotes(event, context):
    return '"\\/\b\f\n\r\t\x00\x1f\x7f</script>'


def text_beyond_ascii(event, context):
    return {"ü": "é 漢字 😀", "line": "\u2028\u2029\x85"}


def lone_surrogate(event, context):
    return {"a": "\ud800"}


def surrogate_pair(event, context):
    return "\ud83d\ude00"


def empty_list(event, context):
    return []


def empty_dict(event, context):
    return {}


def a_list(event, context):
    return [1, "a", None, True, 1.5, [], {}]


def a_tuple(event, context):
    return (1, (2, 3))


def nested_mixture(event, context):
    return {"a": [{"b": ({"c": None},)}]}


def the_event(event, context):
    return event


def decimals(event, context):
    values = ["1.10", "1E+2", "-0", "0E-10", "123456789012345678901234567890.123", "1e400", "0.10"]
    return [Decimal(value) for value in values]


def decimal_nan(event, context):
    return [Decimal("NaN"), Decimal("-NaN"), Decimal("sNaN"), Decimal("NaN123")]


def decimal_infinity(event, context):
    return [Decimal("Infinity"), Decimal("-Infinity")]


def decimal_subclass(event, context):
    return {"amount": Amount("3.140"), "price": Price("1")}


def decimal_subclass_nan(event, context):
    return [Amount("NaN")]


def decimal_at_the_top(event, context):
    return Decimal("7.00")


def decimal_as_key(event, context):
    return {Decimal("1.0"): 1}


def fraction(event, context):
    return fractions.Fraction(1, 3)


def a_complex_number(event, context):
    return 1j


def named_tuple(event, context):
    return Point(1, [Point(2, 3)])


def named_tuple_inside(event, context):
    return {"points": (Point(1, 2),), "last": [Point(3, Decimal("4.0"))]}


def data_class(event, context):
    return Data()


def a_set(event, context):
    return {1}


def frozen_set(event, context):
    return {"a": frozenset("a")}


def keys_of_text_and_bytes(event, context):
    return {"a": 1, b"b": 2}


def keys_of_numbers(event, context):
    return {1: "a", 2.5: "b", -0.0: "c", 10**20: "d"}


def keys_of_constants(event, context):
    return {None: 1, True: 2, False: 3}


def keys_that_are_not_numbers(event, context):
    return {float("nan"): 1, float("inf"): 2}


def key_that_is_a_tuple(event, context):
    return {(1, 2): 3}


def key_that_is_an_enum(event, context):
    return {Size.LARGE: 1, Word.YES: 2}


def key_that_is_a_plain_enum(event, context):
    return {Colour.RED: 1}


def keys_that_meet(event, context):
    return {1: "a", "1": "b", 1.5: "c", "1.5": "d"}


def key_of_a_text_subclass(event, context):
    return {Text("kept"): 1}


def key_of_a_number_subclass(event, context):
    return {Number(5): 1, Fraction(1.5): 2}


def key_of_bytes_that_are_no_text(event, context):
    return {b"\xff": 1}


def an_enum(event, context):
    return Colour.RED


def int_enum(event, context):
    return [Size.LARGE, Flags.A | Flags.B]


def str_enum(event, context):
    return [Word.YES]


def subclasses_of_plain_types(event, context):
    return [Text("kept"), Number(5), Fraction(1.5)]


def ordered_dict(event, context):
    return collections.OrderedDict([("z", 1), ("a", 2)])


def default_dict(event, context):
    found = collections.defaultdict(list)
    found["a"].append(1)
    return found


def counter(event, context):
    return collections.Counter("aab")


def chain_map(event, context):
    return collections.ChainMap({"a": 1})


def user_dict(event, context):
    return collections.UserDict({"a": 1})


def a_mapping(event, context):
    return SlottedMapping()


def mapping_proxy(event, context):
    return types.MappingProxyType({"a": 1})


def dict_with_an_order_of_its_own(event, context):
    return DictThatSorts(b=1, a=2)


def list_with_an_iteration_of_its_own(event, context):
    return ListThatDoubles([1, 2])


def simple_namespace(event, context):
    return types.SimpleNamespace(a=1)


def deque(event, context):
    return collections.deque([1])


def a_range(event, context):
    return range(3)


def dict_views(event, context):
    return {"keys": {"a": 1}.keys()}


def bytes_at_the_top(event, context):
    return b"\x00\xff as they are"


def empty_bytes(event, context):
    return b""


def bytes_inside(event, context):
    return {"a": b"text", "b": ["ü".encode()]}


def bytes_inside_that_are_no_text(event, context):
    return {"a": b"\xff\xfe"}


def byte_array(event, context):
    return bytearray(b"abc")


def byte_array_inside(event, context):
    return [bytearray(b"abc")]


def memory_view(event, context):
    return memoryview(b"abc")


def for_json(event, context):
    return ForJson()


def dict_with_for_json(event, context):
    return DictWithForJson(a=1)


def as_dict(event, context):
    return [AsDict()]


def dict_with_as_dict(event, context):
    return DictWithAsDict(a=1)


def list_with_as_dict(event, context):
    return ListWithAsDict([1])


def text_with_as_dict(event, context):
    return StrWithAsDict("text")


def as_dict_that_gives_a_list(event, context):
    return AsDictOfList()


def as_dict_that_is_no_method(event, context):
    return AsDictAsText()


def class_with_as_dict(event, context):
    return AsDict


def class_of_a_named_tuple(event, context):
    return Point


def a_date(event, context):
    return {"at": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)}


def a_uuid(event, context):
    return uuid.UUID(int=5)


def an_object(event, context):
    return Unprintable()


def an_exception(event, context):
    return ValueError("returned")


def a_function(event, context):
    return len


def a_type(event, context):
    return int


def the_context(event, context):
    return {"context": type(context)}


def ellipsis(event, context):
    return ...


def circular_list(event, context):
    value = []
    value.append(value)
    return value


def circular_dict(event, context):
    value = {}
    value["self"] = {"again": value}
    return value


def the_same_list_twice(event, context):
    value = [1]
    return [value, value]


def lists_10_deep(event, context):
    return nested("list", 10)


def lists_300_deep(event, context):
    return nested("list", 300)


def lists_900_deep(event, context):
    return nested("list", 900)


def dicts_300_deep(event, context):
    return nested("dict", 300)


def dicts_900_deep(event, context):
    return nested("dict", 900)


def dicts_100000_deep(event, context):
    return nested("dict", 100_000)


def decimals_900_deep(event, context):
    return [nested("dict", 900), Decimal("1.0")]


def proxy_result(event, context):
    return {"statusCode": 200, "headers": {"X": "ü"}, "body": "text"}


def proxy_result_without_a_body(event, context):
    return {"statusCode": 204}


def proxy_result_with_decimals(event, context):
    return {"statusCode": 200, "body": "text", "count": Decimal("1.50")}


def text_that_looks_like_json(event, context):
    return '{"a": 1}'


def a_million_characters(event, context):
    return "ä" * 1_000_000


def a_generator(event, context):
    yield "piece"


def an_iterator(event, context):
    return iter([1, 2])


def a_map(event, context):
    return {"a": map(str, [1])}


async def a_coroutine(event, context):
    return {"a": 1}


def decimal_of_another_library(event, context):
    Other = type("Decimal", (), {"__str__": lambda self: "5", "is_nan": lambda self: False})
    return {"a": Other()}


def decimal_in_another_context(event, context):
    with decimal.localcontext() as local:
        local.prec = 3
        return {"a": Decimal("1.23456")}

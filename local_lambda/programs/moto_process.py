"""Runs moto's DynamoDB server with corrections, on a socket that the emulator has opened.

Most corrections concern speed, so that moto bears a hundred streams. The others remove differences
from DynamoDB that a client could see. They were written for moto 5.2.5:

- Requests run one after the other. moto has no lock, so the rollback of a failing transaction would
  undo a write beside it.
- A transaction copies the dictionaries that it touches, once. moto copies every item and stream
  record of the table.
- A rolled-back transaction leaves no stream records, and open shard iterators continue to read the
  live shard.
- A query looks at its own partition and range. moto sorts the whole table.
- An item is measured once, after a write, by DynamoDB's rules and against its 400 KB. moto measures
  the whole item at every attribute, and has another limit. A transaction that would make an item
  too large is cancelled, with the reason at that action. In moto it is an invalid request.
- A transaction that adds to a text, or reads an attribute that is not there, is cancelled, with the
  reason at that action. In moto it is an invalid request.
- An expression may be as long as in DynamoDB. moto recurses with each of its clauses, deeper than
  Python allows by default.
- The methods of a service are looked up once, and so are moto's own modules, in their folder. moto
  looks them up at every call.
- Serialization of an attribute value looks for the one type that the value has. moto looks for all
  ten types, each under several names.
- The server speaks HTTP/1.1, so clients keep their connections.

A moto with different internals runs without these corrections, and a warning says so.

Run by path with the file descriptor of a listening socket as the argument. Imports nothing of the
emulator.
"""

import copy
import functools
import inspect
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

CORRECTED_VERSION = "5.2.5"
_Method = Callable[..., Any]

_base_handler: type[WSGIRequestHandler] = WSGIRequestHandler
_import_error: ImportError | None = None
try:  # internals of moto, which another release may place elsewhere
    from moto import backends
    from moto.core import responses
    from moto.core.serialize import ResponseSerializer
    from moto.dynamodb.comparisons import get_comparison_func
    from moto.dynamodb.exceptions import (
        AttributeDoesNotExist,
        IncorrectDataType,
        ItemSizeTooLarge,
        ItemSizeToUpdateTooLarge,
    )
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
    from moto.dynamodb.models.table import StreamShard, Table
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    _base_handler = MotoRequestHandler
except ImportError as error:
    _import_error = error


class QuietHandler(_base_handler):  # type: ignore[misc, valid-type]  # the base depends on moto
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class OneRequestAtATime:
    """Puts a WSGI application behind a lock. The request's body is read before that."""

    def __init__(self, application: _Method) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: _Method) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._lock:
            body: Iterable[bytes] = self._application(environ, start_response)
            return body


def correct_moto() -> None:
    """Applies the corrections.

    Raises ImportError or AttributeError, and changes nothing, if moto's internals differ.
    """
    if _import_error:
        raise _import_error
    corrections: list[tuple[Any, str, Callable[[_Method], _Method]]] = [
        (DynamoDBBackend, "update_item", _update_a_copy),
        (DynamoDBBackend, "update_item", _measure_after_update),
        (DynamoDBBackend, "update_item", _cancel_by_types),
        (DynamoDBBackend, "put_item", _measure_after_put),
        (LimitedSizeDict, "__setitem__", lambda _measure_every_attribute: dict.__setitem__),
        (DynamoDBBackend, "transact_write_items", _drop_stream_records_on_rollback),
        (Table, "query", _query_one_partition),
        (Table, "all_items", _candidates_or_all),
        (ResponseSerializer, "_serialize_structure_member", _serialize_present_type),
        (responses, "method_names_from_class", functools.cache),
        (backends, "list_of_moto_modules", _listed_once),
    ]
    for owner, name, _ in corrections:  # raises before anything is changed
        getattr(owner, name)
    for owner, name, correct in corrections:
        setattr(owner, name, correct(getattr(owner, name)))
    setattr(StreamShard, "__deepcopy__", lambda shard, _memo: shard)  # noqa: B010
    setattr(Table, "__deepcopy__", _copy_of_dictionaries)  # noqa: B010
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST_RECURSION))


DEEPEST_RECURSION = 10_000

_TOUCHED = "partitions_of_this_transaction"
_BACKUP = "backup_of_this_transaction"


def _copy_of_dictionaries(table: Any, _memo: Any) -> Any:
    """Makes the backup for a rollback.

    Copies the partitions that the transaction may change and shares the others. moto asks for a
    backup before each action of a transaction, and runs the first action after the last backup.
    """
    touched = table.__dict__.get(_TOUCHED)
    if touched is None:
        return _backup(table, table.items)
    if _BACKUP not in table.__dict__:
        setattr(table, _BACKUP, _backup(table, touched))
    return table.__dict__[_BACKUP]


def _backup(table: Any, touched: Iterable[Any]) -> Any:
    clone = copy.copy(table)
    clone.items = table.items.copy()
    for key in touched:
        if key in clone.items and table.has_range_key:
            clone.items[key] = dict(clone.items[key])
    return clone


def _update_a_copy(update_item: _Method) -> _Method:
    """Makes `update_item` change a copy of the item.

    moto changes the item in place, which would change it in the backup too.
    """

    def wrapper(backend: Any, table_name: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
        table = backend.get_table(table_name)
        hash_value, range_value = backend.get_keys_value(table, key)
        item = table.get_item(hash_value, range_value)
        if item and range_value:
            table.items[hash_value][range_value] = copy.deepcopy(item)
        elif item:
            table.items[hash_value] = copy.deepcopy(item)
        return update_item(backend, table_name, key, *args, **kwargs)

    return wrapper


LARGEST_ITEM_BYTES = 400 * 1024


class ValidationError(Exception):
    """In a transaction, moto takes an exception's name for the reason's code."""


def item_bytes(attributes: dict[str, Any]) -> int:
    """Returns the size of an item in DynamoDB's JSON.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in attributes.items())


def _value_bytes(value: dict[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(content) * 3 // 4  # base64
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "NS":
            return sum(map(_number_bytes, content))
        case "BS":
            return sum(len(each) * 3 // 4 for each in content)
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in content)
        case "M":
            return 3 + len(content) + item_bytes(content)
    return 1  # BOOL, NULL


def _number_bytes(text: str) -> int:
    """About a byte for each two significant digits, and one; a sign takes one more."""
    digits = text.lstrip("-").replace(".", "").strip("0") or "0"
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _measure_after_update(update_item: _Method) -> _Method:
    def wrapper(backend: Any, table_name: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
        table = backend.get_table(table_name)
        hash_value, range_value = backend.get_keys_value(table, key)
        before = table.get_item(hash_value, range_value)
        records = table.stream_shard.items if table.stream_shard else []
        length = len(records)
        item = update_item(backend, table_name, key, *args, **kwargs)
        if _is_too_large(item):
            del records[length:]
            _put_back(table, hash_value, range_value, before)
            raise _too_large(table, ItemSizeToUpdateTooLarge())
        return item

    return wrapper


def _cancel_by_types(update_item: _Method) -> _Method:
    """Makes of an item that does not fit its update a reason for which a transaction is cancelled.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """

    def wrapper(backend: Any, table_name: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return update_item(backend, table_name, *args, **kwargs)
        except (AttributeDoesNotExist, IncorrectDataType) as error:
            if _TOUCHED in backend.get_table(table_name).__dict__:  # in a transaction
                raise ValidationError(error.message) from error
            raise

    return wrapper


def _measure_after_put(put_item: _Method) -> _Method:
    signature = inspect.signature(put_item)

    def wrapper(backend: Any, *args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(backend, *args, **kwargs).arguments
        if item_bytes(arguments["item_attrs"]) > LARGEST_ITEM_BYTES:
            raise _too_large(backend.get_table(arguments["table_name"]), ItemSizeTooLarge())
        return put_item(backend, *args, **kwargs)

    return wrapper


def _is_too_large(item: Any) -> bool:
    return item_bytes(item.to_json()["Attributes"]) > LARGEST_ITEM_BYTES


def _put_back(table: Any, hash_value: Any, range_value: Any, item: Any) -> None:
    partition = table.items
    at = hash_value
    if range_value:
        partition = table.items[hash_value]
        at = range_value
    if item is None:
        partition.pop(at, None)
    else:
        partition[at] = item


def _too_large(table: Any, error: Any) -> Exception:
    if _TOUCHED in table.__dict__:  # in a transaction
        return ValidationError(error.message)
    refused: Exception = error
    return refused


def _drop_stream_records_on_rollback(transact_write_items: _Method) -> _Method:
    def wrapper(backend: Any, transact_items: list[dict[str, Any]]) -> Any:
        shards = [table.stream_shard for table in backend.tables.values() if table.stream_shard]
        lengths = [len(shard.items) for shard in shards]
        tables = _mark_touched(backend, transact_items)
        try:
            return transact_write_items(backend, transact_items)
        except Exception:
            for shard, length in zip(shards, lengths, strict=True):
                del shard.items[length:]
            raise
        finally:
            for table in (*tables, *(backend.tables[table.name] for table in tables)):
                table.__dict__.pop(_TOUCHED, None)
                table.__dict__.pop(_BACKUP, None)

    return wrapper


def _mark_touched(backend: Any, transact_items: list[dict[str, Any]]) -> list[Any]:
    """Notes in each table which partitions the transaction touches. Returns these tables."""
    marked = []
    for item in transact_items:
        operation = next(iter(item.values()))
        table = backend.tables.get(operation.get("TableName"))
        if not table:
            continue
        fields = operation.get("Key") or operation.get("Item") or {}
        if key := fields.get(table.hash_key_attr):
            table.__dict__.setdefault(_TOUCHED, set()).add(DynamoType(key))
            marked.append(table)
    return marked


_CANDIDATES = "candidates_of_this_query"


def _query_one_partition(query: _Method) -> _Method:
    signature = inspect.signature(query)

    def wrapper(table: Any, *args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(table, *args, **kwargs).arguments
        if not arguments.get("index_name") and table.has_range_key:
            candidates = _in_range(
                partition=table.items.get(arguments["hash_key"], {}),
                comparison=arguments["range_comparison"],
                operands=arguments["range_objs"],
            )
            setattr(table, _CANDIDATES, candidates)
        try:
            return query(table, *args, **kwargs)
        finally:
            table.__dict__.pop(_CANDIDATES, None)

    return wrapper


def _in_range(partition: dict[Any, Any], comparison: Any, operands: list[Any]) -> list[Any]:
    compare = get_comparison_func(comparison)
    if compare is None or any(operand.type != "S" for operand in operands):
        return list(partition.values())
    values = [operand.value for operand in operands]
    return [item for key, item in partition.items() if compare(key.value, *values)]


def _candidates_or_all(all_items: _Method) -> _Method:
    def wrapper(table: Any) -> Any:
        candidates = table.__dict__.get(_CANDIDATES)
        return all_items(table) if candidates is None else candidates

    return wrapper


def _listed_once(list_of_modules: _Method) -> _Method:
    return functools.cache(lambda: tuple(list_of_modules()))


def _serialize_present_type(serialize_structure_member: _Method) -> _Method:
    def wrapper(serializer: Any, serialized: Any, value: Any, shape: Any, key: Any) -> None:
        if type(value) is not dict or key in value or shape.parent.name != "AttributeValue":
            serialize_structure_member(serializer, serialized, value, shape, key)

    return wrapper


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        correct_moto()
    except (ImportError, AttributeError) as error:
        print(
            f"WARNING moto is not laid out as in {CORRECTED_VERSION} ({error}):"
            " it runs without corrections; see local_lambda/programs/moto_process.py",
            file=sys.stderr,
            flush=True,
        )
    application = OneRequestAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server(
        "127.0.0.1",
        0,
        application,
        threaded=True,
        request_handler=QuietHandler,
        fd=int(sys.argv[1]),
    )
    server.serve_forever()


if __name__ == "__main__":
    main()

"""moto's DynamoDB server as a process of its own, on a socket that the emulator has opened, with corrections.

They change what a client sees only where moto differs from DynamoDB, or let it bear a hundred streams (moto 5.2.5):

- Requests run one after the other. moto has no lock: a write beside a failing transaction is lost in its rollback.
- A transaction copies the dictionaries that it touches, once, not every item and stream record of the table.
- A rolled-back transaction leaves no stream records, and open shard iterators go on reading the live shard.
- A query looks at its own partition and range instead of sorting the whole table.
- What methods a service has is looked up once, not at every call.
- An answer's attribute value is searched for the one type that it has, not for all ten under several names each.
- HTTP/1.1, so that clients keep their connections.

A moto that is laid out differently inside is served as it is, and a warning says so.

Run by path with the file descriptor of a listening socket as the argument; imports nothing of the emulator.
"""

import copy
import functools
import inspect
import io
import logging
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

CORRECTED = "5.2.5"
try:  # these lie inside of moto, and may lie elsewhere in another release
    from moto.core import responses
    from moto.core.serialize import ResponseSerializer
    from moto.dynamodb.comparisons import get_comparison_func
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.table import StreamShard, Table
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    MISSING = None
except ImportError as error:
    MotoRequestHandler, MISSING = WSGIRequestHandler, error


class QuietHandler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        pass


class OneAtATime:
    """A WSGI application behind a lock; the request's body is read before the lock is taken."""

    def __init__(self, application):
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._lock:
            return self._application(environ, start_response)


def correct_moto():
    """Raises ImportError or AttributeError, and changes nothing, for a moto that is laid out differently."""
    if MISSING:
        raise MISSING
    corrections = [
        (DynamoDBBackend, "update_item", _on_a_copy),
        (DynamoDBBackend, "transact_write_items", _without_stream_records_of_rollback),
        (Table, "query", _within_partition),
        (Table, "all_items", _candidates_or_all),
        (ResponseSerializer, "_serialize_structure_member", _of_the_type_it_has),
        (responses, "method_names_from_class", functools.cache),
    ]
    corrected = [
        (owner, name, correct(getattr(owner, name))) for owner, name, correct in corrections
    ]
    for owner, name, method in corrected:
        setattr(owner, name, method)
    StreamShard.__deepcopy__ = lambda shard, _memo: shard
    Table.__deepcopy__ = _copy_of_dictionaries


_TOUCHED = "partitions_of_this_transaction"
_BACKUP = "backup_of_this_transaction"


def _copy_of_dictionaries(table, _memo):
    """A backup for the roll-back: the partitions that the transaction may change are copied, the others shared.

    moto asks for one before each action of a transaction's list, and runs the first action after the last of them.
    """
    touched = table.__dict__.get(_TOUCHED)
    if touched is None:
        return _backup(table, table.items)
    if _BACKUP not in table.__dict__:
        setattr(table, _BACKUP, _backup(table, touched))
    return table.__dict__[_BACKUP]


def _backup(table, touched):
    clone = copy.copy(table)
    clone.items = table.items.copy()
    for key in touched:
        if key in clone.items and table.has_range_key:
            clone.items[key] = dict(clone.items[key])
    return clone


def _on_a_copy(update_item):
    """`update_item` changes an item in place; give it a copy, so that a copy of the dictionaries is a backup."""

    def wrapper(backend, table_name, key, *args, **kwargs):
        table = backend.get_table(table_name)
        hash_value, range_value = backend.get_keys_value(table, key)
        item = table.get_item(hash_value, range_value)
        if item and range_value:
            table.items[hash_value][range_value] = copy.deepcopy(item)
        elif item:
            table.items[hash_value] = copy.deepcopy(item)
        return update_item(backend, table_name, key, *args, **kwargs)

    return wrapper


def _without_stream_records_of_rollback(transact_write_items):
    def wrapper(backend, transact_items):
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


def _mark_touched(backend, transact_items):
    marked = []
    for operation in (next(iter(item.values())) for item in transact_items):
        table = backend.tables.get(operation.get("TableName"))
        key = (
            (operation.get("Key") or operation.get("Item") or {}).get(table.hash_key_attr)
            if table
            else None
        )
        if key:
            table.__dict__.setdefault(_TOUCHED, set()).add(DynamoType(key))
            marked.append(table)
    return marked


_CANDIDATES = "candidates_of_this_query"


def _within_partition(query):
    signature = inspect.signature(query)

    def wrapper(table, *args, **kwargs):
        arguments = signature.bind(table, *args, **kwargs).arguments
        if not arguments.get("index_name") and table.has_range_key:
            partition = table.items.get(arguments["hash_key"], {})
            setattr(
                table,
                _CANDIDATES,
                _in_range(partition, arguments["range_comparison"], arguments["range_objs"]),
            )
        try:
            return query(table, *args, **kwargs)
        finally:
            table.__dict__.pop(_CANDIDATES, None)

    return wrapper


def _in_range(partition, comparison, operands):
    compare = get_comparison_func(comparison)
    if compare is None or any(operand.type != "S" for operand in operands):
        return list(partition.values())
    values = [operand.value for operand in operands]
    return [item for key, item in partition.items() if compare(key.value, *values)]


def _candidates_or_all(all_items):
    def wrapper(table):
        candidates = table.__dict__.get(_CANDIDATES)
        return all_items(table) if candidates is None else candidates

    return wrapper


def _of_the_type_it_has(serialize_structure_member):
    def wrapper(serializer, serialized, value, shape, key):
        if type(value) is not dict or key in value or shape.parent.name != "AttributeValue":
            serialize_structure_member(serializer, serialized, value, shape, key)

    return wrapper


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        correct_moto()
    except (ImportError, AttributeError) as error:
        program = "local_lambda/programs/moto_process.py"
        message = (
            f"moto is not laid out as in {CORRECTED} ({error}): it runs uncorrected; see {program}"
        )
        print(f"WARNING {message}", file=sys.stderr, flush=True)
    application = OneAtATime(DomainDispatcherApplication(create_backend_app))
    make_server(
        "127.0.0.1",
        0,
        application,
        threaded=True,
        request_handler=QuietHandler,
        fd=int(sys.argv[1]),
    ).serve_forever()


if __name__ == "__main__":
    main()

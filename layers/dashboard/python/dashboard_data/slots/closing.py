"""How is a stream asked to end? By its slot, and by the lifeline that its process reads."""

from dashboard_data.dynamodb import PRESENT, Record, Table, text, text_set
from dashboard_data.retry import Backoff
from dashboard_data.slots.lease import LeaseState, lifeline_key, slot_key

# A goodbye counts for more than room that was asked for.
_FIELDS = {LeaseState.CLOSING: "closing", LeaseState.MADE_ROOM: "made_room"}


def mark_to_end(
    table: Table, backoff: Backoff, slot: int, connection_id: str, why: LeaseState
) -> bool:
    """Asks the stream that has this slot to end. Returns False if it is another connection's.

    The lifeline comes first, since the stream reads it. The mark at the slot stays when the lease
    moves to another lifeline, whose process reads it then.
    """
    record = table.get(slot_key(slot))
    if record is None or record["connection_id"]["S"] != connection_id:
        return False
    if why == LeaseState.MADE_ROOM and "closing" in record:
        return False
    lifeline = record.get("lifeline")
    if lifeline is not None:  # an older version reads its slot
        named: Record = {":ids": text_set([connection_id])}
        backoff.write(
            lambda: table.update(
                lifeline_key(lifeline["S"]),
                f"ADD {_FIELDS[why]} :ids",
                condition=PRESENT,
                values=named,
            )
        )
    values = {":id": text(connection_id), ":why": text(why)}
    marked = backoff.write(
        lambda: table.update(
            slot_key(slot), "SET closing = :why", condition="connection_id = :id", values=values
        )
    )
    return marked is not None


def asked_to_end(slot: Record | None) -> LeaseState:
    """Returns what a slot's record says about the end of its lease."""
    closing = (slot or {}).get("closing")
    if closing is None:
        return LeaseState.HELD
    if closing.get("S") == LeaseState.MADE_ROOM:
        return LeaseState.MADE_ROOM
    return LeaseState.CLOSING

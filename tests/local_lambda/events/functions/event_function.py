"""Returns its payload; records whose body is `bad` fail, and `raise` raises."""


def handler(event, context):
    if "version?" in event:
        return {"version": context.function_version}
    records = event.get("Records") or []
    if any(record.get("body") == "raise" for record in records):
        raise ValueError("asked to")
    failed = [record["messageId"] for record in records if record.get("body") == "bad"]
    if any(record.get("body") == "unknown" for record in records):
        failed.append("no-such-id")
    if failed:
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
    return event

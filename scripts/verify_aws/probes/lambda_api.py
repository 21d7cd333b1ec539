"""Probes of Lambda itself: its API, the start of a function, snapshots."""

from verify_aws.trying import NotTried, Target, expect, probe


@probe("early-error-has-no-chunk", "lambda")
def early_error(target: Target) -> None:
    if target.stacks.client is None:
        raise NotTried("needs boto3 with credentials")
    response = target.stacks.client("lambda").invoke_with_response_stream(
        FunctionName=target.stacks.function, Payload=b'{"do": "early-error"}'
    )
    events = list(response["EventStream"])
    chunks = [event for event in events if "PayloadChunk" in event]
    ends = [event["InvokeComplete"] for event in events if "InvokeComplete" in event]
    expect(len(ends) == 1, f"{len(ends)} events InvokeComplete")
    expect(ends[0].get("ErrorCode"), "InvokeComplete has no ErrorCode")
    expect(not chunks, f"{len(chunks)} events PayloadChunk")


@probe("wrapper-gets-interpreter", "url")
def interpreter(target: Target) -> None:
    shown = target.echo()
    runtime = shown["runtime"].removeprefix("AWS_Lambda_")
    python = shown["python"]
    expect(runtime == f"python{python}", f"the function of a {runtime or '-'} runs on {python}")


@probe("snapstart-with-wrapper", "snapstart-url")
def restored(target: Target) -> None:
    shown = target.echo()
    kind = shown["initialization"]
    expect(kind == "snap-start", f"the environment says {kind or 'nothing'}")
    expect(shown["restores"] == 1, f"{shown['restores']} hooks ran after the restore")

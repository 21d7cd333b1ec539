"""Resolvers whose callers take a whole answer: agents of Bedrock, AppSync and AppSync Events."""

from aws_lambda_powertools.event_handler import (
    AppSyncEventsResolver,
    AppSyncResolver,
    BedrockAgentFunctionResolver,
    BedrockAgentResolver,
)
from lambda_streaming.powertools import StreamingResponse

agent = BedrockAgentResolver()
unvalidated_agent = BedrockAgentResolver(enable_validation=False)
agent_function = BedrockAgentFunctionResolver()
app_sync = AppSyncResolver()
app_sync_events = AppSyncEventsResolver()


def words():
    yield "one"
    yield "two"


@unvalidated_agent.get("/whole", description="d")
@agent.get("/whole", description="d")
def agent_whole():
    return {"words": ["one", "two"]}


@unvalidated_agent.get("/words", description="d")
@agent.get("/words", description="d")
def agent_words():
    return words()


@unvalidated_agent.get("/text", description="d")
@agent.get("/text", description="d")
def agent_text():
    return StreamingResponse(200, "text/plain", iter(["one ", b"two"]))


@agent_function.tool(name="whole")
def function_whole():
    return {"words": ["one", "two"]}


@agent_function.tool(name="words")
def function_words():
    return words()


@app_sync.resolver(type_name="Query", field_name="whole")
def field_whole():
    return ["one", "two"]


@app_sync.resolver(type_name="Query", field_name="words")
def field_words():
    return words()


@app_sync.batch_resolver(type_name="Query", field_name="batch")
def fields_batch(event):
    return [{"of": each.arguments["id"]} for each in event]


@app_sync.async_batch_resolver(type_name="Query", field_name="later")
async def fields_later(event):
    return [{"of": each.arguments["id"]} for each in event]


@app_sync_events.on_publish("/chat/*")
def published(payload):
    return {"heard": payload}


@app_sync_events.async_on_publish("/later/*")
async def published_later(payload):
    return {"heard": payload}


RESOLVERS = {
    "agent": agent,
    "unvalidated_agent": unvalidated_agent,
    "agent_function": agent_function,
    "app_sync": app_sync,
    "app_sync_events": app_sync_events,
}


def handler(event, context):
    if isinstance(event, list):
        return app_sync.resolve(event, context)
    return RESOLVERS[event["case"]].resolve(event, context)

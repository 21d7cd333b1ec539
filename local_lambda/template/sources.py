"""Reads event sources that are resources of their own: rules, subscriptions, notifications.

They become the events that SAM would call `EventBridgeRule`, `SNS`, `S3` and so on.
Pages aws-resource-events-rule.html, aws-resource-sns-subscription.html,
aws-resource-s3-bucket.html, aws-resource-scheduler-schedule.html and
aws-resource-logs-subscriptionfilter.html in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_lambda.application import Event, Function
from local_lambda.template.stack import Stack
from local_lambda.template.values import function_named
from local_lambda.template.written import Written

Found = tuple[Written, str, str, dict[str, Any]]  # place, target, kind, properties
_BUCKET = "AWS::S3::Bucket"
_TOPIC = "AWS::SNS::Topic"
_USER_POOL = "AWS::Cognito::UserPool"


def read_sources(
    stack: Stack, functions: Mapping[str, Function]
) -> Iterator[tuple[Written, Event]]:
    """Yields each event with the properties that it comes from."""
    for resource in stack.resources.values():
        read = _READERS.get(resource.kind)
        if read is None:
            continue
        properties = Written(stack, resource, resource.properties)
        for place, target, kind, values in read(properties):
            function = function_named(target, stack.resources, stack.names)
            if function and function in functions:
                kept = {key: value for key, value in values.items() if value is not None}
                yield place, Event(function, resource.logical_id, kind, kept)


def _rule(properties: Written) -> Iterator[Found]:
    schedule = properties.get("ScheduleExpression")
    kind = "Schedule" if schedule else "EventBridgeRule"
    pattern = properties.get("EventPattern")
    bus = properties.get("EventBusName")
    for target in _mappings(properties.get("Targets")):
        values = {
            "Schedule": schedule,
            "Pattern": pattern,
            "EventBusName": bus,
            "Input": target.get("Input"),
        }
        yield properties, str(target.get("Arn")), kind, values


def _schedule(properties: Written) -> Iterator[Found]:
    target = properties.get("Target")
    if isinstance(target, dict):
        expression = properties.get("ScheduleExpression")
        values = {"ScheduleExpression": expression, "Input": target.get("Input")}
        yield properties, str(target.get("Arn")), "ScheduleV2", values


def _subscription(properties: Written) -> Iterator[Found]:
    if properties.get("Protocol") == "lambda":
        values = {
            "Topic": properties.get("TopicArn"),
            "FilterPolicy": properties.get("FilterPolicy"),
        }
        yield properties, str(properties.get("Endpoint")), "SNS", values


def _topic(properties: Written) -> Iterator[Found]:
    topic = properties.stack.resolve({"Ref": properties.resource.logical_id})
    for each in _mappings(properties.get("Subscription")):
        if each.get("Protocol") == "lambda":
            yield properties, str(each.get("Endpoint")), "SNS", {"Topic": topic}


def _bucket(properties: Written) -> Iterator[Found]:
    configuration = properties.get("NotificationConfiguration")
    entries = configuration.get("LambdaConfigurations") if isinstance(configuration, dict) else None
    bucket = properties.stack.names[properties.resource.logical_id]
    for each in _mappings(entries):
        values = {"Bucket": bucket, "Events": each.get("Event"), "Filter": each.get("Filter")}
        yield properties, str(each.get("Function")), "S3", values


def _notifications(properties: Written) -> Iterator[Found]:
    """Reads the custom resource by which CDK sets up the notifications of a bucket."""
    configuration = properties.get("NotificationConfiguration")
    key = "LambdaFunctionConfigurations"
    entries = configuration.get(key) if isinstance(configuration, dict) else None
    bucket = properties.get("BucketName")
    for each in _mappings(entries):
        values = {"Bucket": bucket, "Events": each.get("Events"), "Filter": each.get("Filter")}
        yield properties, str(each.get("LambdaFunctionArn")), "S3", values


def _user_pool(properties: Written) -> Iterator[Found]:
    triggers = properties.get("LambdaConfig")
    pool = properties.stack.resolve({"Ref": properties.resource.logical_id})
    for trigger, target in triggers.items() if isinstance(triggers, dict) else ():
        yield properties, str(target), "Cognito", {"UserPool": pool, "Trigger": trigger}


def _log_filter(properties: Written) -> Iterator[Found]:
    values = {
        "LogGroupName": properties.get("LogGroupName"),
        "FilterPattern": properties.get("FilterPattern"),
    }
    yield properties, str(properties.get("DestinationArn")), "CloudWatchLogs", values


def _topic_rule(properties: Written) -> Iterator[Found]:
    payload = properties.get("TopicRulePayload")
    if not isinstance(payload, dict):
        return
    for action in _mappings(payload.get("Actions")):
        target = action.get("Lambda")
        if isinstance(target, dict):
            yield properties, str(target.get("FunctionArn")), "IoTRule", {"Sql": payload.get("Sql")}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_READERS: dict[str, Callable[[Written], Iterator[Found]]] = {
    "AWS::Events::Rule": _rule,
    "AWS::IoT::TopicRule": _topic_rule,
    "AWS::Logs::SubscriptionFilter": _log_filter,
    "AWS::SNS::Subscription": _subscription,
    "AWS::Scheduler::Schedule": _schedule,
    "Custom::S3BucketNotifications": _notifications,
    _BUCKET: _bucket,
    _TOPIC: _topic,
    _USER_POOL: _user_pool,
}
# Those that say nothing but where events come from, and need no finding of their own.
SOURCES = tuple(_READERS.keys() - {_BUCKET, _TOPIC, _USER_POOL})

"""Reads the listeners of application load balancers whose targets are functions.

Pages aws-resource-elasticloadbalancingv2-listener.html, -listenerrule and -targetgroup in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Iterator
from dataclasses import dataclass

from local_lambda.application import FixedResponse, ListenerRule, LoadBalancer
from local_lambda.template.api_parts import ApiParts
from local_lambda.template.cloudformation import TemplateError
from local_lambda.template.resolved import Resolved, properties_of
from local_lambda.template.resource import Resource
from local_lambda.template.stack import Stack
from local_lambda.template.targets import Targets

_PREFIX = "AWS::ElasticLoadBalancingV2::"
LOAD_BALANCER = f"{_PREFIX}LoadBalancer"
TARGET_GROUP = f"{_PREFIX}TargetGroup"
LISTENER = f"{_PREFIX}Listener"
LISTENER_RULE = f"{_PREFIX}ListenerRule"
READ = (LOAD_BALANCER, TARGET_GROUP, LISTENER, LISTENER_RULE)
WITHOUT_EFFECT = tuple(
    f"{_PREFIX}{name}" for name in ("ListenerCertificate", "TrustStore", "TrustStoreRevocation")
)
_MULTI_VALUE = "lambda.multi_value_headers.enabled"
# Where a condition has its values besides `Values`, by its field.
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


@dataclass(frozen=True)
class _Group:
    """A target group: a function, or the reason why there is none."""

    function: str = ""
    multi_value_headers: bool = False
    problem: str = ""


def read_load_balancers(stack: Stack, targets: Targets) -> tuple[LoadBalancer, ...]:
    """Returns a load balancer for each listener that has a rule.

    What cannot be served becomes a finding.
    """
    reader = _Reader(stack, targets)
    parts = ApiParts(stack, stack.of_type(LISTENER), "ListenerArn")
    listeners = []
    for listener in stack.of_type(LISTENER):
        with stack.catching(listener):
            rules = reader.rules(parts.of(listener, LISTENER_RULE))
            rules += reader.default_rule(listener)
            listeners.append(LoadBalancer(listener.logical_id, tuple(rules)))
    elsewhere = parts.orphans(LISTENER_RULE).values()
    listeners.extend(reader.listener_elsewhere(rules) for rules in elsewhere)
    return tuple(each for each in listeners if each.rules)


class _Reader:
    def __init__(self, stack: Stack, targets: Targets) -> None:
        self._stack = stack
        self._targets = targets
        self._groups: dict[str, _Group] = {}
        parts = ApiParts(stack, (), "")
        for resource in stack.of_type(TARGET_GROUP):
            with stack.catching(resource):
                self._groups[parts.id_of(resource)] = self._group(resource)

    def _group(self, resource: Resource) -> _Group:
        properties = properties_of(self._stack, resource)
        kind = properties.text("TargetType", default="instance")
        if kind != "lambda":
            return _Group(problem=f"its targets are of the type {kind}, and only functions run")
        function = ""
        with self._stack.catching(resource):
            members = list(properties.maps("Targets"))
            if not members:
                return _Group(problem="it has no targets")
            function = self._targets.function(members[0].text("Id"), "Targets")
        if not function:
            return _Group(problem="its function is not served")
        attributes = {}
        with self._stack.catching(resource, served=True):
            for attribute in properties.maps("TargetGroupAttributes"):
                attributes[attribute.text("Key")] = attribute.text("Value", default="")
        return _Group(function, attributes.get(_MULTI_VALUE, "false") == "true")

    def rules(self, parts: list[tuple[Resource, Resolved]]) -> list[ListenerRule]:
        """Returns the rules in the order of their priority."""
        rules: list[tuple[float, ListenerRule]] = []
        for resource, properties in parts:
            with self._stack.catching(resource):
                priority = properties.number("Priority", 0)
                if any(priority == other for other, _ in rules):
                    self._stack.report(
                        resource,
                        f"priority {priority:g} is that of another rule, too",
                        property="Priority",
                        advice="AWS refuses it; give each rule a priority of its own",
                    )
                conditions = dict(self._conditions(properties))
                rule = self._rule(resource, properties, "Actions", conditions)
                rules.append((priority, rule))
        return [rule for _, rule in sorted(rules, key=lambda each: each[0])]

    def listener_elsewhere(self, parts: list[tuple[Resource, Resolved]]) -> LoadBalancer:
        """Returns a listener that is not in the template, with the rules that the template adds."""
        first = parts[0][0]
        self._stack.report(
            first,
            "its listener is not in this template; an origin with these rules stands for it",
            property="ListenerArn",
        )
        return LoadBalancer(first.logical_id, tuple(self.rules(parts)))

    def default_rule(self, listener: Resource) -> list[ListenerRule]:
        properties = properties_of(self._stack, listener)
        with self._stack.catching(listener):
            return [self._rule(listener, properties, "DefaultActions", {})]
        return []

    def _rule(
        self,
        resource: Resource,
        properties: Resolved,
        name: str,
        conditions: dict[str, tuple[str, ...]],
    ) -> ListenerRule:
        actions = sorted(properties.maps(name), key=lambda action: action.number("Order", 0))
        if not actions:
            raise properties.error(name, "is missing")
        for action in actions[:-1]:
            kind = action.text("Type")
            self._stack.report(
                resource,
                f"the action {kind} is not emulated; every caller is let in",
                property=action.way,
            )
        return self._last_action(resource, actions[-1], conditions)

    def _last_action(
        self, resource: Resource, action: Resolved, conditions: dict[str, tuple[str, ...]]
    ) -> ListenerRule:
        kind = action.text("Type")
        if kind == "fixed-response":
            return ListenerRule(conditions, fixed=_fixed(action))
        if kind == "redirect":
            self._report_redirect(resource, action)
            return ListenerRule(conditions, fixed=_redirect(action))
        if kind != "forward":
            raise action.error("Type", f"{kind!r} is not emulated")
        reference = self._target_group(action)
        group = self._groups.get(reference)
        if group is None:
            raise TemplateError(f"{reference!r} is no target group of this template", action.way)
        if group.problem:
            raise TemplateError(f"target group {_name(reference)}: {group.problem}", action.way)
        return ListenerRule(conditions, group.function, group.multi_value_headers)

    def _report_redirect(self, resource: Resource, action: Resolved) -> None:
        """Reports a redirect to another listener: it has another port here."""
        config = action.map("RedirectConfig")
        protocol = config.text("Protocol", default="#{protocol}")
        port = config.text("Port", default="#{port}")
        if protocol == "HTTPS" or not port.startswith("#"):
            self._stack.report(
                resource,
                f"it redirects to {protocol} on port {port}, as on AWS; listeners have other"
                " ports here, and speak HTTP",
                property=action.way,
                advice="call the other listener at the address that is printed",
            )

    def _target_group(self, action: Resolved) -> str:
        """Returns the target group. Of several with weights the first one that gets requests."""
        if action.get("TargetGroupArn") is not None:
            return action.text("TargetGroupArn")
        groups = list(action.map("ForwardConfig").maps("TargetGroups"))
        weighted = [group for group in groups if group.number("Weight", 1) > 0] or groups
        if not weighted:
            raise action.error("TargetGroupArn", "is missing")
        return weighted[0].text("TargetGroupArn")

    def _conditions(self, properties: Resolved) -> Iterator[tuple[str, tuple[str, ...]]]:
        for condition in properties.maps("Conditions"):
            field = condition.text("Field")
            if field not in _CONFIGS:
                raise condition.error("Field", f"{field!r} is none of {', '.join(_CONFIGS)}")
            config = condition.map(_CONFIGS[field])
            if field == "query-string":
                yield field, tuple(_query_strings(config))
                continue
            values = config.texts("Values") or condition.texts("Values")
            if field == "http-header":
                yield f"{field}:{config.text('HttpHeaderName')}", values
            else:
                yield field, values


def _query_strings(config: Resolved) -> Iterator[str]:
    for value in config.maps("Values"):
        key = value.text("Key", default="")
        text = value.text("Value")
        yield f"{key}={text}" if key else text


def _fixed(action: Resolved) -> FixedResponse:
    config = action.map("FixedResponseConfig")
    content_type = config.text("ContentType", default="text/plain")
    return FixedResponse(
        status=_status(config.text("StatusCode")),
        headers=(("Content-Type", content_type),),
        body=config.text("MessageBody", default=""),
    )


def _redirect(action: Resolved) -> FixedResponse:
    """Returns a redirect. `#{host}` and the like stay in its Location: the front fills them."""
    config = action.map("RedirectConfig")
    values = {
        name: config.text(name, default=default)
        for name, default in (
            ("Protocol", "#{protocol}"),
            ("Host", "#{host}"),
            ("Port", "#{port}"),
            ("Path", "/#{path}"),
            ("Query", "#{query}"),
        )
    }
    status = {"HTTP_301": 301, "HTTP_302": 302}.get(config.text("StatusCode"), 302)
    location = f"{values['Protocol'].lower()}://{values['Host']}:{values['Port']}{values['Path']}"
    query = f"?{values['Query']}" if values["Query"] else ""
    return FixedResponse(status=status, headers=(("Location", f"{location}{query}"),))


def _status(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 3):
        raise TemplateError(f"{text!r} is no status of HTTP", "StatusCode")
    return int(text)


def _name(reference: str) -> str:
    return reference.partition(":targetgroup/")[2].partition("/")[0] or reference

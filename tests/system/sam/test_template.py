"""Tests what SAM makes of the template, above all what it silently gets wrong.

`sam validate --lint` finds none of this.
"""

import json
import re
import time
import tomllib
from hashlib import sha1

import pytest

from local_lambda.template.cloudformation import Resolver, load
from tests.support.paths import ROOT
from tests.support.sam import translate

MODES = {
    "standard": "StreamFunction",
    "managed-instances": "StreamInstancesFunction",
    "snap-start": "StreamSnapStartFunction",
}
ALIAS = "arn:aws:lambda:us-east-1:123456789012:function:stream:live"
INTEGRATION = "x-amazon-apigateway-integration"
ANY = "x-amazon-apigateway-any-method"
STREAMED = {("/api/v2/stream", ANY), ("/api/v2/configurations/{config_id}/stream", ANY)}


@pytest.fixture
def resources(translated):
    """Returns a function that resolves the template for given parameters.

    `resources(Environment="prod")` returns all resources that are deployed with these.
    """

    def deployed(**parameters):
        references = {f"{MODES['snap-start']}Aliaslive": ALIAS}
        resolver = Resolver(translated, parameters, "us-east-1", references)
        every = translated["Resources"].items()
        existing = {
            name: r
            for name, r in every
            if "Condition" not in r or resolver.condition(r["Condition"])
        }
        return {name: resolver.resolve(resource) for name, resource in existing.items()}

    return deployed


def parameters_of(mode):
    return {"SnapStart": "on"} if mode == "snap-start" else {"ComputeMode": mode}


def invoked(mode):
    """Returns what fronts invoke, as permissions name it."""
    return ALIAS if mode == "snap-start" else MODES[mode]


def of_type(resources, kind):
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def integrations(resources):
    for path, methods in resources["Api"]["Properties"]["Body"]["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield (path, method), operation[INTEGRATION]


def statements(resources):
    """Yields role and statement of our policies, with lists where single values may stand."""
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                lists = {key: listed(statement[key]) for key in ("Action", "Resource")}
                yield name, {**statement, **lists}


def listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("mode", MODES)
def test_exactly_the_stream_routes_stream_and_as_long_as_the_function_may_run(resources, mode):
    deployed = resources(**parameters_of(mode))
    every = dict(integrations(deployed))
    streaming = {
        at for at, each in every.items() if each["uri"].endswith("/response-streaming-invocations")
    }

    assert streaming == STREAMED
    assert {
        at for at, each in every.items() if each.get("responseTransferMode") == "STREAM"
    } == STREAMED
    for at in STREAMED:
        assert (
            every[at]["timeoutInMillis"]
            == 1000 * deployed[MODES[mode]]["Properties"]["Timeout"]
            == 900_000
        )
        target = ALIAS if mode == "snap-start" else f"{MODES[mode]}.Arn"
        assert f":lambda:path/2021-11-15/functions/{target}/" in every[at]["uri"]
    for at in every.keys() - STREAMED:
        assert every[at]["uri"].endswith(
            ":lambda:path/2015-03-31/functions/ApiFunction.Arn/invocations"
        )


def test_every_request_reaches_a_function_so_that_a_wrong_method_is_405_and_not_api_gateway_s_403(
    resources,
):
    assert {method for (_, method), _ in integrations(resources())} == {ANY}
    assert {"/", "/{proxy+}"} <= {path for (path, _), _ in integrations(resources())}


def test_the_rest_api_treats_every_type_as_binary_since_the_api_function_compresses(resources):
    body = resources()["Api"]["Properties"]["Body"]
    variables = resources()["ApiFunction"]["Properties"]["Environment"]["Variables"]

    assert body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    assert variables["DASHBOARD_COMPRESS_REST_API"] == "true"


def test_errors_of_api_gateway_itself_look_like_ours(resources):
    responses = resources()["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]

    assert responses.keys() == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for response in responses.values():
        assert response["responseTemplates"] == {
            "application/json": '{"detail": $context.error.messageString}'
        }
        assert "statusCode" not in response  # each keeps its own value


def test_api_gateway_takes_so_many_requests_a_second_and_no_more(resources):
    """API Gateway applies the limits of `/*` to each method of each path by itself."""
    (stage,) = of_type(resources(), "AWS::ApiGateway::Stage").values()
    (settings,) = stage["MethodSettings"]
    methods = len(list(integrations(resources())))

    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert methods * settings["ThrottlingRateLimit"] == 100
    assert methods * settings["ThrottlingBurstLimit"] == 2000


def test_the_access_log_is_off_unless_wanted_and_holds_no_path_as_it_was_sent(resources):
    (silent,) = of_type(resources(), "AWS::ApiGateway::Stage").values()
    wanted = resources(AccessLog="on")
    (logging,) = of_type(wanted, "AWS::ApiGateway::Stage").values()
    fields = json.loads(logging["AccessLogSetting"]["Format"])

    assert "AccessLogSetting" not in silent
    assert "AccessLogs" not in resources()
    assert logging["AccessLogSetting"]["DestinationArn"] == "AccessLogs.Arn"
    assert fields["resource"] == "$context.resourcePath"
    assert not {"$context.path", "$context.customDomain.basePathMatched"} & set(fields.values())


def test_the_table_has_a_ceiling_only_if_one_is_set(resources):
    def ceiling(**parameters):
        (table,) = of_type(resources(**parameters), "AWS::DynamoDB::Table").values()
        return table.get("OnDemandThroughput")

    assert ceiling() is None
    assert ceiling(MaxReadRequestUnits=500) == {"MaxReadRequestUnits": 500}
    assert ceiling(MaxReadRequestUnits=500, MaxWriteRequestUnits=200) == {
        "MaxReadRequestUnits": 500,
        "MaxWriteRequestUnits": 200,
    }


def test_each_deployment_reaches_the_stage(resources):
    """Checks the deployment's name, since SAM derives it from the definition alone.

    The definition stays the same when only a parameter (ComputeMode) changes.
    """
    (deployment,) = of_type(resources(), "AWS::ApiGateway::Deployment").values()
    digest, now = deployment["Description"].split()[-1], int(time.time())

    assert digest in {sha1(str(now - ago).encode()).hexdigest() for ago in range(7200)}


def test_there_is_one_stage(resources):
    stages = of_type(resources(), "AWS::ApiGateway::Stage")

    assert [stage["StageName"] for stage in stages.values()] == ["live"]
    assert not any(
        "StageName" in each for each in of_type(resources(), "AWS::ApiGateway::Deployment").values()
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_api_may_invoke_its_functions_and_everybody_the_stream_s_url(resources, mode):
    deployed = resources(**parameters_of(mode))
    allowed = {
        (
            p["FunctionName"],
            p["Action"],
            p["Principal"],
            p.get("FunctionUrlAuthType"),
            p.get("InvokedViaFunctionUrl"),
        )
        for p in of_type(deployed, "AWS::Lambda::Permission").values()
    }
    (url,) = of_type(deployed, "AWS::Lambda::Url").values()

    assert allowed == {
        ("ApiFunction", "lambda:InvokeFunction", "apigateway.amazonaws.com", None, None),
        (invoked(mode), "lambda:InvokeFunction", "apigateway.amazonaws.com", None, None),
        (invoked(mode), "lambda:InvokeFunctionUrl", "*", "NONE", None),
        (invoked(mode), "lambda:InvokeFunction", "*", None, True),
    }
    assert url.get("Qualifier") == ("live" if mode == "snap-start" else None)
    assert (url["InvokeMode"], url["AuthType"], "Cors" in url) == ("RESPONSE_STREAM", "NONE", False)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("choice", "auth_types"), [("off", []), ("iam", ["AWS_IAM"])])
def test_without_an_open_url_nobody_may_invoke_it_without_a_signature(
    resources, translated, mode, choice, auth_types
):
    deployed = resources(**parameters_of(mode), FunctionUrl=choice)
    urls = of_type(deployed, "AWS::Lambda::Url").values()
    principals = {p["Principal"] for p in of_type(deployed, "AWS::Lambda::Permission").values()}

    assert [each["AuthType"] for each in urls] == auth_types
    assert [each["TargetFunctionArn"] for each in urls] == [MODES[mode]] * len(auth_types)
    assert principals == {"apigateway.amazonaws.com"}
    assert translated["Outputs"]["StreamUrl"]["Condition"] == "WithUrl"
    assert ("Url5xxAlarm" in deployed) == (choice != "off")


@pytest.mark.parametrize("mode", MODES)
def test_no_policy_of_ours_has_a_wildcard_on_data(resources, mode):
    for role, statement in statements(resources(**parameters_of(mode))):
        actions = statement["Action"]
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in actions), role
        if actions != ["dynamodb:ListStreams"]:
            assert set(statement["Resource"]) <= {
                "Table.Arn",
                "Table.StreamArn",
                "PublishFailures.Arn",
            }
        if "Table.Arn" in statement["Resource"]:
            assert "dynamodb:LeadingKeys" in json.dumps(statement["Condition"])
            assert "dynamodb:Scan" not in actions


def test_only_publish_touches_what_producers_write(resources):
    touching = [
        (role, statement["Action"])
        for role, statement in statements(resources())
        if "ITEM#" in json.dumps(statement)
    ]
    # It reads and writes the marks there. The items themselves come by the table's stream.
    assert touching == [
        ("PublishRole", ["dynamodb:BatchGetItem"]),
        ("PublishRole", ["dynamodb:PutItem"]),
    ]


def test_no_role_may_read_the_streams_of_other_tables(resources):
    attached = [
        arn
        for role in of_type(resources(), "AWS::IAM::Role").values()
        for arn in role["ManagedPolicyArns"]
    ]
    allowed = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSXRayDaemonWriteAccess"}
    assert {arn.rpartition("/")[2] for arn in attached} == allowed


def test_publish_sees_items_only_and_what_it_gives_up_is_kept(resources):
    (mapping,) = of_type(resources(), "AWS::Lambda::EventSourceMapping").values()
    (condition,) = mapping["FilterCriteria"]["Filters"]

    keys = {"SK": {"S": ["ITEM"]}}
    pattern = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": keys}}
    assert json.loads(condition["Pattern"]) == pattern
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": "PublishFailures.Arn"}}
    # Without a limit Lambda retries for as long as the record exists, and the queue gets nothing.
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < 86_400


@pytest.mark.parametrize(
    ("environment", "policy"), [("dev", "Delete"), ("preprod", "Delete"), ("prod", "Retain")]
)
def test_the_table_outlives_the_stack_in_production_alone(resources, environment, policy):
    table = resources(Environment=environment)["Table"]
    properties = table["Properties"]

    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == policy
    assert properties["DeletionProtectionEnabled"] is (policy == "Retain")
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_concurrency_is_reserved_on_request_only(resources):
    def reserved(**parameters):
        functions = of_type(resources(**parameters), "AWS::Lambda::Function").values()
        return [
            each["ReservedConcurrentExecutions"]
            for each in functions
            if "ReservedConcurrentExecutions" in each
        ]

    assert reserved() == []
    assert reserved(StreamConcurrency="120", ApiConcurrency="20", PublishConcurrency="5") == [
        "120",
        "20",
        "5",
    ]


@pytest.mark.parametrize("issuer", ["", "https://issuer.example"])
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
@pytest.mark.parametrize("mode", MODES)
def test_functions_are_traced_logged_for_a_while_and_get_machine_code_of_their_architecture(
    resources, mode, architecture, issuer
):
    deployed = resources(**parameters_of(mode), Architecture=architecture, AuthIssuer=issuer)
    functions = of_type(deployed, "AWS::Lambda::Function")
    layers = {
        name for name, each in deployed.items() if each["Type"] == "AWS::Lambda::LayerVersion"
    }

    assert set(functions) == {MODES[mode], "ApiFunction", "PublishFunction"}
    built_for = {
        re.sub("[0-9a-f]{10}$", "", name)
        for name in layers
        if name.startswith(("Validation", "Tokens"))
    }
    kind = "Tokens" if issuer else "Validation"
    assert built_for == {{"arm64": f"{kind}Arm64Layer", "x86_64": f"{kind}X86Layer"}[architecture]}
    for function in functions.values():
        assert function["Architectures"] == [architecture]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert (
            deployed[function["LoggingConfig"]["LogGroup"]]["Properties"]["RetentionInDays"] == 14
        )
        assert set(function["Layers"]) <= layers
        assert len(function["Layers"]) <= 5  # Lambda accepts no more
    wrapped = {
        name
        for name, each in functions.items()
        if "AWS_LAMBDA_EXEC_WRAPPER" in each["Environment"]["Variables"]
    }
    assert wrapped == {MODES[mode]}


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_with_snap_start_a_version_is_published_and_its_alias_follows(resources, architecture):
    deployed = resources(SnapStart="on", Architecture=architecture)
    function = deployed[MODES["snap-start"]]["Properties"]
    (version,) = of_type(deployed, "AWS::Lambda::Version").values()
    (alias,) = of_type(deployed, "AWS::Lambda::Alias").values()

    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert version["FunctionName"] == alias["FunctionName"] == MODES["snap-start"]
    assert alias["Name"] == "live"
    for off in (resources(), resources(ComputeMode="managed-instances")):
        assert not of_type(off, "AWS::Lambda::Version")
        assert not of_type(off, "AWS::Lambda::Alias")
        assert not any(
            "SnapStart" in each for each in of_type(off, "AWS::Lambda::Function").values()
        )


def test_snap_start_is_refused_with_managed_instances(translated):
    (rule,) = translated["Rules"].values()

    def holds(**parameters):
        resolver = Resolver(translated, parameters, "us-east-1")
        if not resolver.resolve(rule["RuleCondition"]):
            return True
        return all(resolver.resolve(each["Assert"]) for each in rule["Assertions"])

    assert holds()
    assert holds(SnapStart="on")
    assert holds(ComputeMode="managed-instances")
    assert not holds(SnapStart="on", ComputeMode="managed-instances")


def test_a_new_version_is_published_for_new_code_layers_and_settings(sam, translated, tmp_path):
    """Without one, the alias would go on serving what was published before."""

    def published(translation):
        (name,) = of_type(translation["Resources"], "AWS::Lambda::Version")
        return name

    def changed(change):
        template = load((ROOT / "template.yaml").read_text("utf-8"))
        change(template)
        path = tmp_path / "template.yaml"
        path.write_text(json.dumps(template), "utf-8")
        return published(translate(sam, path))

    def new_code(template):
        function = template["Resources"][MODES["snap-start"]]
        function["Properties"]["CodeUri"] = "s3://bucket/new"

    def new_layer(template):
        template["Resources"]["StreamingRuntimeLayer"]["Properties"]["ContentUri"] = "s3://a/new"

    names = [published(translated), *map(changed, (lambda _: None, new_code, new_layer))]

    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_each_setting_is_told_to_the_version_since_sam_publishes_none_for_new_values(translated):
    """A changed description replaces an AWS::Lambda::Version. It has 256 characters at most."""
    properties = translated["Resources"][MODES["snap-start"]]["Properties"]
    (version,) = of_type(translated["Resources"], "AWS::Lambda::Version").values()
    values = properties["Environment"]["Variables"].values()
    settings = {each["Ref"] for each in values if isinstance(each, dict) and "Ref" in each}
    told = {each["Ref"] for each in version["Description"]["Fn::Join"][1]}

    assert told == settings - {"ProxySecret"} | {"Release", "Architecture"}
    assert properties["Description"] == version["Description"]


def test_every_metric_that_somebody_looks_at_is_emitted(resources):
    folders = (ROOT / "functions", ROOT / "layers/dashboard/python")
    sources = "".join(path.read_text() for each in folders for path in each.rglob("*.py"))
    emitted = set(re.findall(r'(?:add_metric|_count|_meter\.add)\("(\w+)"', sources))
    text = json.dumps(
        [each for each in resources().values() if each["Type"].startswith("AWS::CloudWatch::")]
    )
    ours = r'LambdaSSE/local[^\]\[]*?MetricName(?:\\*"?[:=] ?\(?)\\*"(\w+)'
    watched = set(re.findall(ours, text)) | set(
        re.findall(r'\\"LambdaSSE/local\\", \\"(\w+)\\"', text)
    )

    assert {
        "StreamsRefused",
        "PollErrors",
        "OpenConnections",
        "DeliveryLatency",
        "ItemsPublished",
        "RequestsFailed",
    } <= watched
    assert watched <= emitted


def test_the_board_is_json(resources):
    (board,) = of_type(resources(), "AWS::CloudWatch::Dashboard").values()
    assert len(json.loads(board["DashboardBody"])["widgets"]) == 8


def test_somebody_is_told_of_alarms_if_there_is_an_address(resources):
    silent, told = resources(), resources(AlarmEmail="who@example.org")

    assert of_type(silent, "AWS::SNS::Topic") == {}
    assert not any(
        "AlarmActions" in alarm for alarm in of_type(silent, "AWS::CloudWatch::Alarm").values()
    )
    assert all(
        alarm["AlarmActions"] == ["Alarms"]
        for alarm in of_type(told, "AWS::CloudWatch::Alarm").values()
    )


def test_hours_without_a_published_item_are_told_unless_nobody_wants_to_know(resources):
    alarm = resources(QuietHours=6)["QuietAlarm"]["Properties"]

    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("ItemsPublished", "breaching")
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 6 * 3600
    assert "QuietAlarm" not in resources(QuietHours=0)
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    assert resources()["QuietAlarm"]["Properties"]["EvaluationPeriods"] * 3600 <= 7 * 86_400


def test_nine_tenths_of_the_slots_are_told(resources):
    alarm = resources(MaxConnections=40)["NearLimitAlarm"]["Properties"]
    expression = alarm["Metrics"][0]["Expression"]

    assert expression == "100 * MAX([FILL(global, 0), FILL(configuration, 0)]) / 40"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 89)


def test_each_environment_has_a_stack_of_its_own(translated):
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
    parameters = translated["Parameters"]
    stacks = {
        name: part["global"]["parameters"]["stack_name"]
        for name, part in configured.items()
        if name != "version"
    }

    assert stacks == {name: f"lambda-sse-{name.replace('default', 'dev')}" for name in stacks}
    assert set(stacks) == {"default", *parameters["Environment"]["AllowedValues"]}
    assert configured["default"].items() >= configured["dev"].items()
    for name, part in configured.items():
        if name != "version":
            overrides = dict(
                each.split("=") for each in part["deploy"]["parameters"]["parameter_overrides"]
            )
            assert overrides["Environment"] == name.replace("default", "dev")
            assert overrides.keys() <= parameters.keys()

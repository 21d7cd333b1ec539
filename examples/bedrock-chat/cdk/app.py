"""The chat as a CDK application: the function, its Function URL, and a REST API."""

from pathlib import Path

from aws_cdk import App, Aws, CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

EXAMPLE = Path(__file__).resolve().parents[1]
# The first one is there in a copy that `make example COPY=...` has made.
RUNTIMES = (EXAMPLE / "streaming_runtime", EXAMPLE / "../../layers/streaming_runtime")
TIMEOUT = Duration.seconds(120)


def asset(folder: Path) -> lambda_.Code:
    return lambda_.Code.from_asset(str(folder), exclude=["**/__pycache__"])


class ChatStack(Stack):
    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, description="A chat with a model of Amazon Bedrock")
        token = CfnParameter(
            self, "ChatToken", no_echo=True, default="", allowed_pattern="([!-~]{16,})?"
        )
        model = CfnParameter(self, "ModelId", default="amazon.nova-lite-v1:0").value_as_string
        behind = CfnParameter(self, "FoundationModel", default="amazon.nova-lite-v1:0")
        runtime = lambda_.LayerVersion(
            self, "StreamingRuntime", code=asset(next(path for path in RUNTIMES if path.is_dir()))
        )
        chat = lambda_.Function(
            self,
            "Chat",
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=asset(EXAMPLE / "app"),
            handler="app.handler",
            layers=[runtime],
            memory_size=256,
            timeout=TIMEOUT,
            environment={
                "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap",
                "CHAT_TOKEN": token.value_as_string,
                "MODEL_ID": model,
                "MAX_TOKENS": "1024",
            },
        )
        bedrock = f"arn:{Aws.PARTITION}:bedrock"
        profile = f"{bedrock}:{Aws.REGION}:{Aws.ACCOUNT_ID}:inference-profile/{model}"
        chat.add_to_role_policy(
            iam.PolicyStatement(
                actions=["bedrock:InvokeModelWithResponseStream"],
                resources=[f"{bedrock}:*::foundation-model/{behind.value_as_string}", profile],
            )
        )
        url = chat.add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.NONE,
            invoke_mode=lambda_.InvokeMode.RESPONSE_STREAM,
        )
        streaming = apigateway.LambdaIntegration(
            chat,
            response_transfer_mode=apigateway.ResponseTransferMode.STREAM,
            timeout=TIMEOUT,
        )
        api = apigateway.RestApi(
            self,
            "Api",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(
                stage_name="live", throttling_rate_limit=5, throttling_burst_limit=20
            ),
            cloud_watch_role=False,
        )
        api.root.add_method("ANY", streaming)
        api.root.add_proxy(default_integration=streaming)
        CfnOutput(self, "ChatUrl", value=url.url)
        CfnOutput(self, "ApiUrl", value=api.url)


app = App()
ChatStack(app, "BedrockChat")
app.synth()

# The chat with Terraform: the layer, the function and its Function URL.

terraform {
  required_version = ">= 1.5"
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.29" # the first with invoked_via_function_url
    }
  }
}

variable "chat_token" {
  description = "Whoever sends it may chat, at your cost."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.chat_token) >= 16
    error_message = "chat_token needs 16 characters or more."
  }
}

variable "model_id" {
  description = "Id of a model, or of an inference profile such as eu.amazon.nova-lite-v1:0."
  type        = string
  default     = "amazon.nova-lite-v1:0"
}

variable "foundation_model" {
  description = "The model that the function may use. Of an inference profile, the one behind it."
  type        = string
  default     = "amazon.nova-lite-v1:0"
}

variable "streaming_runtime" {
  description = "Folder of the streaming runtime's layer."
  type        = string
  default     = "../../../layers/streaming_runtime"
}

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  account  = "${data.aws_region.here.region}:${data.aws_caller_identity.here.account_id}"
  bedrock  = "arn:${data.aws_partition.here.partition}:bedrock"
  policies = "arn:${data.aws_partition.here.partition}:iam::aws:policy"
}

data "archive_file" "layer" {
  type             = "zip"
  source_dir       = var.streaming_runtime
  excludes         = ["**/__pycache__/**"]
  output_file_mode = "0755" # Lambda starts the file `bootstrap`
  output_path      = "${path.module}/.terraform/layer.zip"
}

data "archive_file" "app" {
  type        = "zip"
  source_dir  = "${path.module}/../app"
  excludes    = ["**/__pycache__/**"]
  output_path = "${path.module}/.terraform/app.zip"
}

resource "aws_lambda_layer_version" "streaming_runtime" {
  layer_name          = "streaming-runtime"
  filename            = data.archive_file.layer.output_path
  source_code_hash    = data.archive_file.layer.output_base64sha256
  compatible_runtimes = ["python3.11", "python3.12", "python3.13", "python3.14"]
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "model" {
  statement {
    actions = ["bedrock:InvokeModelWithResponseStream"]
    resources = [
      "${local.bedrock}:*::foundation-model/${var.foundation_model}",
      "${local.bedrock}:${local.account}:inference-profile/${var.model_id}",
    ]
  }
}

resource "aws_iam_role" "chat" {
  name_prefix        = "bedrock-chat-"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy" "model" {
  role   = aws_iam_role.chat.id
  policy = data.aws_iam_policy_document.model.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.chat.name
  policy_arn = "${local.policies}/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "chat" {
  function_name    = "bedrock-chat"
  role             = aws_iam_role.chat.arn
  runtime          = "python3.13"
  handler          = "app.handler"
  filename         = data.archive_file.app.output_path
  source_code_hash = data.archive_file.app.output_base64sha256
  layers           = [aws_lambda_layer_version.streaming_runtime.arn]
  memory_size      = 256
  timeout          = 120
  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/bootstrap"
      CHAT_TOKEN              = var.chat_token
      MODEL_ID                = var.model_id
      MAX_TOKENS              = "1024"
    }
  }
}

resource "aws_lambda_function_url" "chat" {
  function_name      = aws_lambda_function.chat.function_name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM" # nothing streams without it
}

# An open Function URL needs both.
resource "aws_lambda_permission" "url" {
  statement_id           = "OpenFunctionUrl"
  function_name          = aws_lambda_function.chat.function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "function" {
  statement_id             = "OpenFunctionThroughUrl"
  function_name            = aws_lambda_function.chat.function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true
}

output "chat_url" {
  value = aws_lambda_function_url.chat.function_url
}

"""Asks a model and streams its words, behind a REST API."""

import json
import os

import boto3
from aws_lambda_powertools import Logger

logger = Logger()
bedrock = boto3.client("bedrock-runtime")


@logger.inject_lambda_context
def handler(event, context):
    question = json.loads(event["body"])["question"]
    logger.info("asked", extra={"question": question})
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return {"statusCode": 200, "headers": headers, "body": words(question)}


def words(question):
    message = {"role": "user", "content": [{"text": question}]}
    response = bedrock.converse_stream(modelId=os.environ["MODEL_ID"], messages=[message])
    for event in response["stream"]:
        if "contentBlockDelta" in event:
            yield event["contentBlockDelta"]["delta"]["text"]

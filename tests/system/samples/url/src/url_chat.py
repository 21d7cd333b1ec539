"""Asks a model and yields its words, behind a Function URL."""

import json
import os

import boto3

bedrock = boto3.client("bedrock-runtime")


def words(event):
    question = json.loads(event["body"])["question"]
    message = {"role": "user", "content": [{"text": question}]}
    response = bedrock.converse_stream(modelId=os.environ["MODEL_ID"], messages=[message])
    for part in response["stream"]:
        if "contentBlockDelta" in part:
            yield part["contentBlockDelta"]["delta"]["text"]

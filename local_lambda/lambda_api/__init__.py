"""AWS's own API of Lambda, for boto3 and the AWS CLI with an endpoint URL."""

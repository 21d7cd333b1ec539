// Payloads to begin with. `local-lambda event` makes more realistic ones.

const AT = "2025-01-01T12:00:00Z";
const ARN = "arn:aws:sqs:us-east-1:123456789012:queue";

function functionUrl(method, path, body) {
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "name=value",
    headers: { host: "localhost", accept: "*/*", "user-agent": "local-lambda" },
    queryStringParameters: { name: "value" },
    requestContext: {
      accountId: "anonymous",
      apiId: "local",
      domainName: "localhost",
      http: {
        method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "local-lambda",
      },
      requestId: "00000000-0000-0000-0000-000000000000",
      routeKey: "$default",
      stage: "$default",
      time: "01/Jan/2025:12:00:00 +0000",
      timeEpoch: 1735732800000,
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: false,
  };
}

function restApi(method, path) {
  return {
    resource: path,
    path,
    httpMethod: method,
    headers: { Host: "localhost", Accept: "*/*" },
    multiValueHeaders: { Host: ["localhost"], Accept: ["*/*"] },
    queryStringParameters: { name: "value" },
    multiValueQueryStringParameters: { name: ["value"] },
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "local",
      httpMethod: method,
      identity: { sourceIp: "127.0.0.1", userAgent: "local-lambda" },
      path,
      requestId: "00000000-0000-0000-0000-000000000000",
      resourcePath: path,
      stage: "local",
    },
    body: null,
    isBase64Encoded: false,
  };
}

export const EXAMPLES = {
  "empty object": {},
  "Function URL, GET": functionUrl("GET", "/"),
  "Function URL, POST": functionUrl("POST", "/", JSON.stringify({ hello: "world" })),
  "REST API, GET": restApi("GET", "/"),
  SQS: {
    Records: [{
      messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
      receiptHandle: "local",
      body: JSON.stringify({ hello: "world" }),
      attributes: {
        ApproximateReceiveCount: "1", SentTimestamp: "1735732800000",
        SenderId: "local", ApproximateFirstReceiveTimestamp: "1735732800001",
      },
      messageAttributes: {},
      md5OfBody: "fbc24bcc7a1794758fc1327fcfebdaf6",
      eventSource: "aws:sqs",
      eventSourceARN: ARN,
      awsRegion: "us-east-1",
    }],
  },
  "EventBridge schedule": {
    version: "0",
    id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: "123456789012",
    time: AT,
    region: "us-east-1",
    resources: ["arn:aws:events:us-east-1:123456789012:rule/local"],
    detail: {},
  },
};

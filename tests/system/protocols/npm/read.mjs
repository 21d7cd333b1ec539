// Reads streams as a front end does, by the packages of the protocols themselves.
//
// Standard input has a JSON list of `{protocol, headers, body}`. Standard output gets a list of
// what a front end would have: the message or messages, and the errors that it is told of.

import { HttpAgent } from "@ag-ui/client";
import { DefaultChatTransport, readUIMessageStream } from "ai";

const QUESTION = { id: "q", role: "user", parts: [{ type: "text", text: "?" }] };

async function readUiMessages(fetch) {
  const errors = [];
  const transport = new DefaultChatTransport({ api: "http://localhost/", fetch });
  const stream = await transport.sendMessages({ chatId: "c", messages: [QUESTION] });
  let message = null;
  const messages = readUIMessageStream({ stream, onError: (error) => errors.push(error.message) });
  for await (const each of messages) message = each;
  return { message, errors };
}

async function readAgUi(fetch) {
  globalThis.fetch = fetch;
  const errors = [];
  const types = [];
  const agent = new HttpAgent({ url: "http://localhost/", threadId: "t" });
  agent.messages = [{ id: "q", role: "user", content: "?" }];
  let outcome = null;
  try {
    await agent.runAgent(
      { runId: "r" },
      {
        onEvent: ({ event }) => void types.push(event.type),
        onRunErrorEvent: ({ event }) => void errors.push(event.message),
        onRunFinishedEvent: (finished) => void (outcome = finished.outcome),
      },
    );
  } catch (error) {
    errors.push(String(error.message ?? error));
  }
  return { messages: agent.messages.slice(1), types, outcome, errors };
}

const READERS = { ui_messages: readUiMessages, ag_ui: readAgUi };

let input = "";
for await (const chunk of process.stdin) input += chunk;
const results = [];
for (const { protocol, headers, body } of JSON.parse(input)) {
  const fetch = async () => new Response(body, { headers });
  results.push(await READERS[protocol](fetch));
}
console.log(JSON.stringify(results));

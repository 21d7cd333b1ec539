// Feeds the page's parser what comes on standard input: each line is an array of pieces in base64,
// and is responded to by a line with the events, the last event id and the reconnection time.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { EventStreamParser } = await import(pathToFileURL(process.argv[2]));
for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    const parser = new EventStreamParser("before");
    const events = JSON.parse(line).flatMap((piece) => parser.push(Buffer.from(piece, "base64")));
    const fields = events.map(({ type, data, id }) => [type, data, id]);
    said = [fields, parser.lastEventId, parser.retryMs];
  } catch (error) {
    said = [String(error)];
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

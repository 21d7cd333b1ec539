// sse-channel: keeps a history of what has an id, and repeats it to clients that come back.

import { createServer } from 'node:http'
import SseChannel from 'sse-channel'
import { bodyOf, listen } from './node-http.mjs'

const channel = new SseChannel({ retryTimeout: 2000, pingInterval: 15_000 })
let number = 0

listen(createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/emit') {
    channel.send({ id: ++number, data: await bodyOf(request) })
    return response.writeHead(204).end()
  }
  if (request.method === 'GET' && request.url.startsWith('/stream')) {
    return channel.addClient(request, response)
  }
  response.writeHead(404).end()
}))

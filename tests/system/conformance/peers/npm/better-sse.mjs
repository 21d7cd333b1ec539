// better-sse: a channel broadcasts to the sessions that are registered with it.

import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { bodyOf, listen } from './node-http.mjs'

const channel = createChannel()

listen(createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/emit') {
    channel.broadcast(await bodyOf(request))
    return response.writeHead(204).end()
  }
  if (request.method === 'GET' && request.url === '/stream') {
    return channel.register(await createSession(request, response))
  }
  response.writeHead(404).end()
}))

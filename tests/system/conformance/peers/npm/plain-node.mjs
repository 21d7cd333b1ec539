// No library: Node's own server, as most people write it.

import { createServer } from 'node:http'
import { bodyOf, listen } from './node-http.mjs'

const clients = new Set()

listen(createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/emit') {
    const text = JSON.stringify(await bodyOf(request))
    for (const client of clients) client.write(`data: ${text}\n\n`)
    return response.writeHead(204).end()
  }
  if (request.method === 'GET' && request.url === '/stream') {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      Connection: 'keep-alive',
    })
    response.flushHeaders()
    clients.add(response)
    return request.on('close', () => clients.delete(response))
  }
  response.writeHead(404).end()
}))

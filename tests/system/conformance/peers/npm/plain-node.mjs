// No library: Node's own server, and the events as tutorials write them.

import { serve } from './node-http.mjs'

const clients = new Set()

serve({
  stream: (request, response) => {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      Connection: 'keep-alive',
    })
    response.flushHeaders()
    clients.add(response)
    request.on('close', () => clients.delete(response))
  },
  emit: (text) => {
    for (const client of clients) client.write(`data: ${JSON.stringify(text)}\n\n`)
  },
})

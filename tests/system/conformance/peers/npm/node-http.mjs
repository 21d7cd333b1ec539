// The applications on Node's own server share this: its routes, as a framework would have them.

import { createServer } from 'node:http'

const METHODS = { '/stream': ['GET', 'HEAD'], '/emit': ['POST'] }

export function serve ({ stream, emit }) {
  const server = createServer(async (request, response) => {
    const path = request.url.split('?')[0]
    const allowed = METHODS[path]
    if (!allowed) return response.writeHead(404).end()
    if (!allowed.includes(request.method)) {
      return response.writeHead(405, { Allow: allowed.join(', ') }).end()
    }
    if (path === '/stream') return stream(request, response)
    emit(await bodyOf(request))
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
}

async function bodyOf (request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf-8')
}

// @fastify/sse: the first message and the replay by Last-Event-ID are its README's.

import Fastify from 'fastify'
import sse from '@fastify/sse'

const app = Fastify()
await app.register(sse, { heartbeatInterval: 15_000 })
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

const clients = new Set()
const history = []

app.get('/stream', { sse: 'only' }, async (_request, reply) => {
  reply.sse.keepAlive()
  await reply.sse.send({ event: 'connected', data: 'Connected' })
  await reply.sse.replay(async (lastEventId) => {
    let next = history.findIndex((message) => message.id === lastEventId) + 1
    while (next < history.length) await reply.sse.send(history[next++])
  })
  clients.add(reply.sse)
  reply.sse.onClose(() => clients.delete(reply.sse))
})

app.post('/emit', async (request, reply) => {
  const message = { id: String(history.length + 1), data: request.body }
  history.push(message)
  for (const client of clients) client.send(message)
  reply.code(204)
})

console.log(await app.listen({ port: 0, host: '127.0.0.1' }))

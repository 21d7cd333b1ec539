// Hono's streamSSE, on Hono's server for Node.

import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'

const app = new Hono()
const clients = new Set()
let number = 0

app.get('/stream', (c) => streamSSE(c, async (stream) => {
  clients.add(stream)
  await new Promise((resolve) => stream.onAbort(resolve))
  clients.delete(stream)
}))

app.post('/emit', async (c) => {
  // Not c.req.text(), which takes a BOM away.
  const data = Buffer.from(await c.req.arrayBuffer()).toString('utf-8')
  const message = { id: String(++number), data }
  for (const stream of clients) stream.writeSSE(message)
  return c.body(null, 204)
})

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`)
})

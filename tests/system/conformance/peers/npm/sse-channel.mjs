// sse-channel: keeps a history of what has an id, and repeats it to clients that come back.

import SseChannel from 'sse-channel'
import { serve } from './node-http.mjs'

const channel = new SseChannel({ retryTimeout: 2000, pingInterval: 15_000 })
let number = 0

serve({
  stream: (request, response) => channel.addClient(request, response),
  emit: (text) => channel.send({ id: ++number, data: text }),
})

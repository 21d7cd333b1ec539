// better-sse: a channel broadcasts to the sessions that are registered with it.

import { createChannel, createSession } from 'better-sse'
import { serve } from './node-http.mjs'

const channel = createChannel()

serve({
  stream: async (request, response) => channel.register(await createSession(request, response)),
  emit: (text) => channel.broadcast(text),
})

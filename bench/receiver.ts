import { createServer, type ServerResponse } from "node:http"

/**
 * A customer's server, as quick as one can be. It keeps everybody waiting until it is told to be `open`; asked anything
 * else, it says what arrived since, and when.
 */
let isOpen = false
let seen = { first: 0, last: 0, count: 0 }
let waiting: Array<ServerResponse> = []

const server = createServer((request, response) => {
  request.resume()
  request.on("end", () => {
    if (!isOpen) return void waiting.push(response)
    const now = performance.now()
    seen = { first: seen.first || now, last: now, count: seen.count + 1 }
    response.writeHead(200).end()
  })
})
process.on("message", (told) => {
  if (told === "open") {
    isOpen = true
    seen = { first: 0, last: 0, count: 0 }
    for (const response of waiting) response.destroy()
    waiting = []
  }
  process.send!(seen)
})
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: (server.address() as { readonly port: number }).port }))
})

import { setTimeout as pause } from "node:timers/promises"
import { connect } from "nats"
import { WebSocket } from "ws"
import { type Listening, type Url, wholeLog } from "./Audiences.ts"
import type { Told } from "./Judge.ts"

/** Those who stay connected. Each goes on from the last place that it was told of, and must hear nothing twice. */

/** Longer than any of them is left alone. */
const cutMillis = 1_000

const ended = (running: Promise<void>, end: () => void) => async () => {
  end()
  await running
}

/** Follows by Server-Sent Events, and is cut every second. */
export const serverSent = async (url: Url, apiKey: string): Promise<Listening> => {
  const heard: Array<string> = []
  const { end, told } = await wholeLog(url, apiKey)
  let last = end
  let isOver = false

  const take = (block: string) => {
    const lines = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)])
    )
    const [data, id] = [lines.get("data"), lines.get("id")]
    if (id === undefined) return
    if (data !== undefined) heard.push((JSON.parse(data) as Told).id)
    last = id
  }
  const read = async (from: string) => {
    const signal = AbortSignal.timeout(cutMillis)
    const headers = { authorization: `Bearer ${apiKey}`, "last-event-id": last }
    const { body, ok } = await fetch(`${from}/v1/live`, { headers, signal })
    if (!ok || body === null) return
    let text = ""
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n")
      text = blocks.pop()!
      for (const block of blocks) take(block)
    }
  }
  const follow = async () => {
    for (let turn = 0; !isOver; turn++) {
      const from = url(turn)
      if (from !== undefined) await read(from).catch(() => {})
      await pause(20)
    }
  }
  return {
    name: "serverSent",
    heard,
    missed: told.length,
    end: ended(follow(), () => {
      isOver = true
    })
  }
}

/** Follows by a WebSocket for as long as it lasts. */
export const webSocket = async (url: Url, apiKey: string): Promise<Listening> => {
  const heard: Array<string> = []
  const { end, told } = await wholeLog(url, apiKey)
  let last = end
  let isOver = false
  let open: WebSocket | undefined

  const read = (from: string) =>
    new Promise<void>((resolve) => {
      const socket = new WebSocket(`${from.replace(/^http/, "ws")}/v1/live`)
      open = socket
      socket.on("open", () => socket.send(JSON.stringify({ type: "auth", key: apiKey, after: last })))
      socket.on("message", (data) => {
        const said = JSON.parse(String(data)) as Told & { readonly cursor: string }
        if (said.id !== undefined) heard.push(said.id)
        last = said.cursor
      })
      socket.on("error", () => {})
      socket.on("close", () => resolve())
    })
  const follow = async () => {
    for (let turn = 0; !isOver; turn++) {
      const from = url(turn)
      if (from !== undefined) await read(from)
      await pause(50)
    }
  }
  return {
    name: "webSocket",
    heard,
    missed: told.length,
    end: ended(follow(), () => {
      isOver = true
      open?.terminate()
    })
  }
}

/** Reads off the bus, as a service of its own would. What comes again under its id was not acknowledged in time. */
export const onTheBus = async (servers: string, consumer: string): Promise<Listening> => {
  const heard: Array<string> = []
  const seen = new Set<string>()
  let isOver = false
  const connection = await connect({ servers, maxReconnectAttempts: -1, waitOnFirstConnect: true })
  const follow = async () => {
    while (!isOver) {
      try {
        const events = await connection.jetstream().consumers.get("EVENTS", consumer)
        for await (const message of await events.fetch({ max_messages: 100, expires: 1_000 })) {
          const { id } = message.json<Told>()
          if (!seen.has(id)) heard.push(id)
          seen.add(id)
          await message.ackAck()
        }
      } catch {
        await pause(200)
      }
    }
    await connection.close()
  }
  return {
    name: "bus",
    heard,
    end: ended(follow(), () => {
      isOver = true
    })
  }
}

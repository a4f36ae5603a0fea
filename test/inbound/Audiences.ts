import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { Webhook } from "standardwebhooks"
import { call, pause } from "../crash/Caller.ts"
import type { Dice } from "../crash/Dice.ts"
import type { Audience, Told } from "./Judge.ts"

/** Those who are told what happens, each in its own way; none of them is ever killed. */

export interface Listening extends Audience {
  readonly end: () => Promise<void>
}

/** Where the gateways answer, at the `turn`th try. */
export type Url = (turn: number) => string | undefined

interface Page {
  readonly items: ReadonlyArray<Told>
  readonly next: string | null
  readonly more: boolean
}

const pageBehind = async (url: string | undefined, apiKey: string, after: string | null, waitMs: number) => {
  const place = after === null ? "" : `&after=${after}`
  const answer = await call(url, apiKey, "GET", `/v1/events?limit=100&waitMs=${waitMs}${place}`)
  return answer === undefined || answer === "hung" || answer.status !== 200
    ? undefined
    : (answer.body as unknown as Page)
}

/** Everything that the log tells behind a place, or from its start, read at once, and where that ends. */
export const wholeLog = async (url: Url, apiKey: string, behind: string | null = null) => {
  const told: Array<Told> = []
  for (let [after, turn]: [string | null, number] = [behind, 0]; ; turn++) {
    const page = await pageBehind(url(turn), apiKey, after, 0)
    if (page === undefined) await pause(100)
    else {
      told.push(...page.items)
      after = page.next
      if (!page.more) return { told: told as ReadonlyArray<Told>, end: page.next! }
    }
  }
}

/** Follows `GET /v1/events` from the start, a page at a time, and asks whichever gateway comes next. */
export const polling = (url: Url, apiKey: string): Listening => {
  const heard: Array<string> = []
  let isOver = false
  const follow = async () => {
    for (let [after, turn]: [string | null, number] = [null, 0]; !isOver; turn++) {
      const page = await pageBehind(url(turn), apiKey, after, 1_000)
      if (page === undefined) await pause(50)
      else {
        heard.push(...page.items.map(({ id }) => id))
        after = page.next
      }
    }
  }
  const following = follow()
  return {
    name: "events",
    heard,
    end: async () => {
      isOver = true
      await following
    }
  }
}

const textOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/**
 * Somebody's webhook, which now and then answers with an error, or not in time for the sender to hear of it. What has been
 * told once under an id is not heard again.
 */
export const webhook = async (dice: Dice) => {
  const heard: Array<string> = []
  const seen = new Set<string>()
  let secret: string | undefined
  let forged = 0
  const server = createServer(async (request, response) => {
    const text = await textOf(request)
    if (dice.below(10) === 0) return void response.writeHead(500).end()
    try {
      const event = new Webhook(secret!).verify(text, request.headers as Record<string, string>) as Told
      const name = request.headers["webhook-id"] as string
      if (!seen.has(name)) heard.push(event.id)
      seen.add(name)
    } catch {
      forged++
    }
    if (dice.below(20) === 0) response.destroy()
    else response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    name: "webhook",
    heard,
    forged: () => forged,
    /** Asks to be told everything. */
    subscribe: async (url: string, apiKey: string) => {
      const answer = await call(url, apiKey, "POST", "/v1/endpoints", { url: address, types: [], personal: true })
      if (answer === undefined || answer === "hung") throw new Error("no endpoint was made")
      secret = (answer.body as unknown as { readonly secret: string }).secret
    },
    end: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    }
  }
}

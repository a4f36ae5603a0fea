import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { isDeepStrictEqual } from "node:util"
import { Webhook } from "standardwebhooks"
import type { Dice } from "../crash/Dice.ts"
import { changeOf, told } from "./Expected.ts"
import { signatureOf } from "./Spelling.ts"
import { type App, marks, type Update } from "./Update.ts"

/** Whom routes lead to: regions, which get their own changes, and one that gets whole requests. None is ever killed. */

/** By the documentation: where somebody is follows from how their number begins, or from the country in their other name. */
const regions = { br: ["55", "BR"], eu: ["49", "DE"] } as const
const elsewhere = "rest"
export type Region = keyof typeof regions | typeof elsewhere
const changeTargets: ReadonlyArray<Region> = ["br", "eu", elsewhere]

export const regionOf = ({ person }: Update): Region => {
  const is = ([prefix, country]: readonly [string, string]) =>
    person?.phone?.startsWith(prefix) || (person?.bsuid?.startsWith(`${country}.`) ?? false)
  const [found] = Object.entries(regions).filter(([, where]) => is(where))
  return (found?.[0] as Region | undefined) ?? elsewhere
}

/** What a target is told, once for each name that it is told under. */
interface Arrival {
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
  /** Judged when it came: a signature is good for five minutes. */
  readonly isForged: boolean
}

const textOf = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("latin1")
}

/** `key`: of a target that is told changes, which Homing signs. */
const isForged = (text: string, headers: Readonly<Record<string, string>>, key: string | undefined): boolean => {
  if (key === undefined) return false
  try {
    new Webhook(key).verify(Buffer.from(text, "latin1").toString("utf8"), headers)
    return false
  } catch {
    return true
  }
}

/** Now and then it answers with an error, or takes something and does not say so. */
const target = async (dice: Dice, keyOf: () => string | undefined) => {
  const arrivals = new Map<string, Arrival>()
  let changed = 0
  const server = createServer(async (request, response) => {
    const text = await textOf(request)
    if (dice.below(10) === 0) return void response.writeHead(500).end()
    const headers = request.headers as Record<string, string>
    const id = headers["webhook-id"]!
    if ((arrivals.get(id)?.text ?? text) !== text) changed++
    if (!arrivals.has(id)) arrivals.set(id, { text, headers, isForged: isForged(text, headers, keyOf()) })
    if (dice.below(20) === 0) response.destroy()
    else response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const end = async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  return { arrivals, changed: () => changed, url, end }
}

const asked = async (url: string, apiKey: string, method: string, path: string, body: object) => {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" }
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path} is not made: ${answer.status}`)
  return (await answer.json()) as { readonly secret: string }
}

export interface ForwardedFlaws {
  readonly lost: number
  readonly doubled: number
  /** Of another region, or not as Meta said it. */
  readonly wrong: number
  readonly outOfOrder: number
  readonly forged: number
}

const without = (change: unknown) => {
  const { entry } = change as { readonly entry?: unknown }
  if (!Array.isArray(entry)) return change
  return { ...(change as object), entry: entry.map(({ time: _, ...one }) => one) }
}

/** As the log would tell it: numbers that no `number` can hold as they were written. */
const read = (text: string): unknown =>
  (JSON.parse as (text: string, reviver: (_: string, value: unknown, at: { source?: string }) => unknown) => unknown)(
    text,
    (_, value, { source }) =>
      typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) && String(value) !== source
        ? source
        : value
  )

const misplaced = (places: ReadonlyArray<number>) => places.filter((place, i) => i > 0 && place < places[i - 1]!).length

export const targets = async (dice: Dice, secrets: Readonly<Record<App, string>>) => {
  const keys = new Map<string, string>()
  const all = new Map(
    await Promise.all(
      [...changeTargets, "whole"].map(async (name) => [name, await target(dice, () => keys.get(name))] as const)
    )
  )

  /** What a region was told, against what it has to be told. `places`: of each mark, where the log has it. */
  const ofRegion = (region: Region, updates: ReadonlyArray<Update>, places: ReadonlyMap<string, number>) => {
    const { arrivals, changed } = all.get(region)!
    const own = new Map(
      updates.filter((one) => one.app === "default" && regionOf(one) === region).map((one) => [one.mark, one])
    )
    const heard = new Map<string, number>()
    const people = new Map<string, Array<number>>()
    let [wrong, forged] = [changed(), 0]
    for (const { isForged, text } of arrivals.values()) {
      const words = Buffer.from(text, "latin1").toString("utf8")
      if (isForged) forged++
      const [mark, ...others] = marks.in(words)
      const update = mark === undefined ? undefined : own.get(mark)
      if (update === undefined || others.length > 0) wrong++
      else {
        heard.set(update.mark, (heard.get(update.mark) ?? 0) + 1)
        if (!isDeepStrictEqual(without(read(words)), without(told(changeOf(update))))) wrong++
        if (update.group === undefined && update.person?.phone !== undefined) {
          const { phone } = update.person
          people.set(phone, [...(people.get(phone) ?? []), places.get(update.mark) ?? -1])
        }
      }
    }
    const flaws: ForwardedFlaws = {
      lost: [...own.keys()].filter((mark) => !heard.has(mark)).length,
      doubled: [...heard.values()].reduce((sum, times) => sum + times - 1, 0),
      wrong,
      outOfOrder: [...people.values()].reduce((sum, them) => sum + misplaced(them), 0),
      forged
    }
    return flaws
  }

  /** Each request once, byte for byte, with Meta's signature. */
  const ofWhole = (bodies: ReadonlySet<string>): ForwardedFlaws => {
    const { arrivals, changed } = all.get("whole")!
    const texts = [...arrivals.values()].map(({ text }) => text)
    const isSigned = ({ headers, text }: Arrival) =>
      headers["x-meta-signature-256"] === signatureOf(Buffer.from(text, "latin1"), secrets.shop) &&
      headers["x-gateway-secret"] === "of the gateway"
    return {
      lost: [...bodies].filter((body) => !texts.includes(body)).length,
      doubled: texts.length - new Set(texts).size,
      wrong: changed() + texts.filter((text) => !bodies.has(text)).length,
      outOfOrder: 0,
      forged: [...arrivals.values()].filter((one) => !isSigned(one)).length
    }
  }

  return {
    /** Before Meta says anything. */
    route: async (url: string, apiKey: string) => {
      for (const name of changeTargets) {
        const { url: there } = all.get(name)!
        const region = name === elsewhere ? {} : { region: name }
        keys.set(name, (await asked(url, apiKey, "POST", "/v1/targets", { name, url: there, ...region })).secret)
      }
      const whole = {
        app: "shop",
        name: "whole",
        url: all.get("whole")!.url,
        unit: "raw",
        gatewaySecret: "of the gateway"
      }
      await asked(url, apiKey, "POST", "/v1/targets", whole)
      const named = (i: 0 | 1) => Object.fromEntries(Object.entries(regions).map(([name, where]) => [where[i], [name]]))
      const table = { prefixes: named(0), countries: named(1), others: [elsewhere] }
      await asked(url, apiKey, "PUT", "/v1/routes", table)
      await asked(url, apiKey, "PUT", "/v1/routes?app=shop", { others: ["whole"] })
    },
    /** How much has arrived. */
    amount: () => [...all.values()].reduce((sum, { arrivals }) => sum + arrivals.size, 0),
    judged: (
      updates: ReadonlyArray<Update>,
      bodies: ReadonlySet<string>,
      places: ReadonlyMap<string, number>
    ): Readonly<Record<string, ForwardedFlaws>> => ({
      ...Object.fromEntries(changeTargets.map((region) => [region, ofRegion(region, updates, places)])),
      whole: ofWhole(bodies)
    }),
    end: async () => void (await Promise.all([...all.values()].map((one) => one.end())))
  }
}

import { pause } from "../crash/Caller.ts"
import type { Dice } from "../crash/Dice.ts"
import type { Url } from "../inbound/Audiences.ts"
import { nameOf } from "./Archived.ts"
import type { Telling } from "./Judge.ts"
import type { Request } from "./Requests.ts"
import { signatureOf, spelled } from "./Spelling.ts"
import { type App, apps, type Words } from "./Update.ts"

/** Meta: posts, and posts again until it is answered 200, now here and now there. */

export type Secrets = Readonly<Record<App, string>>

const paths: Readonly<Record<App, ReadonlyArray<string>>> = {
  default: ["/webhooks/meta/whatsapp", "/api/webhooks/meta/whatsapp"],
  shop: ["/webhooks/meta/whatsapp/shop"]
}

/** Which bodies were on their way to which app, and which of them were answered 200. */
export interface Sent {
  readonly posted: ReadonlySet<string>
  readonly answered: ReadonlySet<string>
}

/** Meta waits ten seconds. */
const patienceMillis = 10_000
const momentary: ReadonlyArray<number> = [408, 503]
/** So many requests are on their way at once. */
const lanes = 8

export interface Options {
  readonly url: Url
  readonly secrets: Secrets
  readonly dice: Dice
  /** Called as soon as a 200 is there, with whose it is. */
  readonly answered: (url: string) => void
}

export const meta = ({ answered, dice, secrets, url }: Options) => {
  const tellings = new Map<string, Telling>()
  const bodies = new Map<App, Set<string>>(apps.map((app) => [app, new Set()]))
  const sent = { posted: new Set<string>(), answered: new Set<string>() }
  let [posts, unanswered, turn, deceived] = [0, 0, 0, 0]

  const post = async (from: string, app: App, bytes: Buffer, secret: string): Promise<number | undefined> => {
    const path = paths[app][dice.below(paths[app].length)]!
    try {
      const headers = { "content-type": "application/json", "x-hub-signature-256": signatureOf(bytes, secret) }
      const signal = AbortSignal.timeout(patienceMillis)
      const body = bytes as Uint8Array<ArrayBuffer>
      const answer = await fetch(`${from}${path}`, { method: "POST", headers, body, signal })
      if (answer.status === 200) answered(from)
      await answer.arrayBuffer().catch(() => {}) // whoever said 200 may be dead by now
      return answer.status
    } catch {
      return undefined // it is not known what became of it
    }
  }

  /** What it answers may be a refusal of the moment alone, or that a body came too slowly: all of it is as Meta says it. */
  const until200 = async (app: App, bytes: Buffer) => {
    const name = nameOf(app, bytes)
    sent.posted.add(name)
    for (;;) {
      const from = url(turn++)
      const status = from === undefined ? undefined : await post(from, app, bytes, secrets[app])
      if (status === 200) return void sent.answered.add(name)
      if (status !== undefined && !momentary.includes(status)) throw new Error(`Meta is answered ${status}`)
      if (from !== undefined) unanswered++
      await pause(10 + dice.below(90))
    }
  }

  const tell = async ({ app, payload, updates }: Request) => {
    const bytes = spelled(payload, dice)
    const began = performance.now()
    posts++
    bodies.get(app)!.add(bytes.toString("latin1"))
    await until200(app, bytes)
    const answered = performance.now()
    for (const { mark } of updates) {
      const { began: first = began, answered: soonest = answered } = tellings.get(mark) ?? {}
      tellings.set(mark, { began: Math.min(first, began), answered: Math.min(soonest, answered) })
    }
    if (dice.below(8) === 0) {
      posts++
      await until200(app, bytes)
    }
  }

  return {
    /** By its mark: when each was first on its way, and first answered for. */
    tellings: tellings as ReadonlyMap<string, Telling>,
    /** Every body of this app, byte for byte. */
    bodies: (app: App): ReadonlySet<string> => bodies.get(app)!,
    sent: sent as Sent,
    posts: () => posts,
    unanswered: () => unanswered,
    /** So often somebody was believed who has no secret. */
    deceived: () => deceived,
    tell: async (requests: ReadonlyArray<Request>) => {
      const left = requests.values()
      const lane = async () => {
        for (const request of left) await tell(request)
      }
      await Promise.all(Array.from({ length: lanes }, lane))
    },
    /** The same door, and no secret. */
    forge: async (payload: Words) => {
      const from = url(turn++)
      if (from === undefined) return
      const app = apps[dice.below(apps.length)]!
      if ((await post(from, app, Buffer.from(JSON.stringify(payload)), "no secret of Meta's")) === 200) deceived++
    }
  }
}

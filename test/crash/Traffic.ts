import { type Answer, call, pause } from "./Caller.ts"
import type { Dice } from "./Dice.ts"

/** What the gateway said of a message in one answer, and when it was asked. */
export interface Said {
  readonly asked: number
  readonly at: number
  readonly status: string
  readonly waMessageId: string
  /** Why it failed, or is unclear. */
  readonly code?: string
}

/** One message from the caller's side: one idempotency key, and all that was ever said of it. */
export interface Sending {
  readonly key: string
  readonly device: string
  readonly to: string
  readonly text: string
  /** Of one that expires within the run. */
  readonly seconds: number | undefined
  /** When its time is over, as its answers say. */
  expiresAt: number
  id: string | undefined
  readonly said: Array<Said>
  /** When the log was told that it had failed, or expired. */
  readonly ended: Array<number>
}

const final = ["expired", "failed", "sent", "delivered", "read", "played"]
/** Unclear when its time was over, it stays so. */
export const isFinal = ({ expiresAt, said }: Sending) => {
  const last = said.at(-1)
  if (last === undefined) return false
  return final.includes(last.status) || (last.status === "unknown" && last.asked > expiresAt)
}

const workers = 6

/** Keeps messages on their way, whatever dies: a request without an answer is repeated with its key. */
export const traffic = (options: {
  readonly seed: number
  readonly dice: Dice
  readonly apiKey: string
  readonly devices: ReadonlyArray<string>
  /** Where to ask at the `turn`th try; `undefined` while nobody answers there. */
  readonly url: (turn: number) => string | undefined
}) => {
  const { apiKey, devices, dice, seed } = options
  const sendings: Array<Sending> = []
  let wanted = 0
  let hung = 0
  let over = false
  const anyTurn = () => dice.below(2)

  /**
   * Every third message goes to one of four numbers, so that chats have queues; the others each to a new one. Every fifth
   * has a few seconds.
   */
  const compose = (): Sending => {
    const n = sendings.length
    const to = n % 3 === 0 ? `+6012900000${dice.below(4)}` : `+6012${3_000_000 + n}`
    const device = devices[n % devices.length]!
    const text = `message ${n} of run ${seed}`
    const sending: Sending = {
      key: `crash-${seed}-${n}`,
      device,
      to,
      text,
      seconds: n % 5 === 4 ? dice.between(1, 3) : undefined,
      expiresAt: Number.POSITIVE_INFINITY,
      id: undefined,
      said: [],
      ended: []
    }
    sendings.push(sending)
    return sending
  }

  const hear = (sending: Sending, { asked, at, body }: Answer) => {
    sending.id = body.id
    sending.expiresAt = Date.parse(body.expiresAt)
    const { error, status, waMessageId } = body
    sending.said.push({ asked, at, status, waMessageId, ...(error !== undefined && { code: error.code }) })
  }

  /** Until it is accepted, which the answer's id says. Where there is no answer, another gateway is asked the same. */
  const send = async (sending: Sending) => {
    const { device, key, seconds, text, to } = sending
    for (let turn = anyTurn(); !over; turn++) {
      const confirm = { until: "sent", timeoutMs: dice.below(3) * 500 }
      const expiry = seconds === undefined ? {} : { expiresInSeconds: seconds }
      const body = { device, to, content: { type: "text", text }, confirm, ...expiry }
      const answer = await call(options.url(turn), apiKey, "POST", "/v1/messages", body, { "idempotency-key": key })
      if (answer === "hung") hung++
      else if (answer === undefined || answer.status === 503 || answer.status === 429) await pause(20)
      else if (answer.status < 300) return hear(sending, answer)
      else throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
    }
  }

  const work = async () => {
    while (!over) {
      if (sendings.length < wanted) await send(compose())
      else await pause(10)
    }
  }

  const ask = async (sending: Sending) => {
    if (sending.id === undefined) return
    const answer = await call(options.url(anyTurn()), apiKey, "GET", `/v1/messages/${sending.id}`)
    if (answer === "hung") hung++
    else if (answer !== undefined && answer.status === 200) hear(sending, answer)
  }

  /** What the log says of it, when nobody kills any more. */
  const recall = async (sending: Sending) => {
    if (sending.id === undefined) return
    const answer = await call(options.url(anyTurn()), apiKey, "GET", `/v1/messages/${sending.id}/events`)
    if (answer === undefined || answer === "hung" || answer.body.items === undefined) {
      throw new Error("the events of a message cannot be read")
    }
    const ends = answer.body.items.filter(({ type }) => /^message\.(failed|expired)\./.test(type))
    sending.ended.push(...ends.map(({ recordedAt }) => Date.parse(recordedAt)))
  }

  /** Looks back at what is long settled too: a verdict must stand, whatever died since. */
  const lookBack = async () => {
    while (!over) {
      const open = sendings.filter((sending) => !isFinal(sending))
      const among = dice.below(2) === 0 ? open : sendings
      const any = among[dice.below(among.length)]
      if (any !== undefined) await ask(any)
      await pause(20)
    }
  }
  const working = Promise.all([lookBack(), ...Array.from({ length: workers }, work)])

  return {
    sendings: sendings as ReadonlyArray<Sending>,
    /** How many messages shall have been begun by now. */
    want: (many: number) => {
      wanted = Math.max(wanted, many)
    },
    /** Resolves when all that shall have been begun are, or when patience ends. */
    begun: async (patienceMillis: number) => {
      const limit = performance.now() + patienceMillis
      while (sendings.length < wanted && performance.now() < limit) await pause(10)
    },
    /** Messages that were begun, after so many others, and have no verdict yet. */
    inFlight: (others = 0) => sendings.slice(others).filter((sending) => !isFinal(sending)).length,
    hung: () => hung,
    ask,
    recall,
    end: async () => {
      over = true
      await working
    }
  }
}
export type Traffic = ReturnType<typeof traffic>

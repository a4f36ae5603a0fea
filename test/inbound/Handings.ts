import type { Observation } from "#infra/whatsapp/simulator/Observation.ts"

/** What went over the line in which order, as the simulator wrote it down. */

interface Handing {
  /** After so many logins of the account. */
  readonly connection: number
  readonly place: number
}

export interface Handings {
  /** Whether an account could hear one stanza before another: by some connection it came first, while the other was still owed. */
  readonly isHeardFirst: (account: string, first: string, other: string) => boolean
  /** Whether it could not be read at first. */
  readonly isAskedAgain: (account: string, stanza: string) => boolean
}

export const handingsIn = (record: ReadonlyArray<Observation>): Handings => {
  const handings = new Map<string, Array<Handing>>()
  const answers = new Map<string, number>()
  const askedAgain = new Set<string>()
  const logins = new Map<string | undefined, number>()
  for (const [place, { account, detail, kind, waMessageId }] of record.entries()) {
    if (kind === "login") logins.set(account, (logins.get(account) ?? 0) + 1)
    if (waMessageId === undefined) continue
    const key = `${account}/${waMessageId}`
    if (kind === "client-receipt" && detail === "retry") askedAgain.add(key)
    const isAnswer = kind === "client-ack" || (kind === "client-receipt" && detail !== "retry")
    if (isAnswer && !answers.has(key)) answers.set(key, place)
    if (kind !== "handed" || answers.has(key)) continue
    const handing = { connection: logins.get(account) ?? 0, place }
    handings.set(key, [...(handings.get(key) ?? []), handing])
  }
  const isHeardFirst: Handings["isHeardFirst"] = (account, first, other) => {
    const others = handings.get(`${account}/${other}`) ?? []
    const answered = answers.get(`${account}/${other}`) ?? Number.POSITIVE_INFINITY
    return (handings.get(`${account}/${first}`) ?? []).some(
      ({ connection, place }) =>
        place < answered && !others.some((earlier) => earlier.connection === connection && earlier.place < place)
    )
  }
  return { isHeardFirst, isAskedAgain: (account, stanza) => askedAgain.has(`${account}/${stanza}`) }
}

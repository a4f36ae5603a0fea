import { createHmac } from "node:crypto"

/** What libsignal keeps of one address, as it writes it: the session that is open, and those before it. */
export interface Ratchet {
  readonly _sessions?: Readonly<Record<string, Session>>
}

interface Session {
  readonly _chains: Readonly<Record<string, Chain>>
  readonly currentRatchet: { readonly ephemeralKeyPair: { readonly pubKey: string } }
  readonly indexInfo: { readonly closed: number }
  /** While nobody has answered. */
  readonly pendingPreKey?: unknown
}

interface Chain {
  readonly chainType: number
  readonly chainKey: Position
}

/** Where a chain is: every key that comes follows from this one, and none before it does. */
export interface Position {
  readonly counter: number
  readonly key: string
}

const open = -1
const sending = 1
const unused = -1

/** The chain that the next message's key comes from. */
const chainOf = ({ _sessions }: Ratchet) => {
  for (const [name, session] of Object.entries(_sessions ?? {})) {
    if (session.indexInfo.closed !== open) continue
    const id = session.currentRatchet.ephemeralKeyPair.pubKey
    const chain = session._chains[id]
    return chain?.chainType === sending ? { name, session, id, chain } : undefined
  }
  return undefined
}

export const positionOf = (ratchet: Ratchet): Position | undefined => chainOf(ratchet)?.chain.chainKey

/** Nothing has been encrypted or read with it: whoever loses it begins another. */
export const isNew = (ratchet: Ratchet): boolean => {
  const { chain, session } = chainOf(ratchet) ?? {}
  return session?.pendingPreKey !== undefined && chain?.chainKey.counter === unused
}

/** The same ratchet with its sending chain elsewhere. */
export const at = (ratchet: Ratchet, position: Position): Ratchet => {
  const found = chainOf(ratchet)
  if (found === undefined) return ratchet
  const { chain, id, name, session } = found
  const _chains = { ...session._chains, [id]: { ...chain, chainKey: position } }
  return { ...ratchet, _sessions: { ...ratchet._sessions, [name]: { ...session, _chains } } }
}

/** As it is when so many more messages have been encrypted. */
export const ahead = (ratchet: Ratchet, messages: number): Ratchet => {
  const from = positionOf(ratchet)
  if (from === undefined) return ratchet
  let key: Buffer = Buffer.from(from.key, "base64")
  for (let n = 0; n < messages; n++) key = createHmac("sha256", key).update(step).digest()
  return at(ratchet, { counter: from.counter + messages, key: key.toString("base64") })
}

const step = Buffer.of(2)

/** How many messages can be encrypted from `now` on before `later` is reached; `undefined` when it is not on that way. */
export const between = (now: Ratchet, later: Ratchet): number | undefined => {
  const [from, to] = [positionOf(now), positionOf(later)]
  if (from === undefined || to === undefined) return isSame(now, later) ? Number.POSITIVE_INFINITY : undefined
  return from.counter <= to.counter && isSame(at(later, from), now) ? to.counter - from.counter : undefined
}

/** Never back behind where its sending chain was: a key that was used once is not used again. */
export const notBehind = (next: Ratchet, known: Ratchet): Ratchet => {
  const [to, from] = [chainOf(next), chainOf(known)]
  return to?.id === from?.id && from && to && from.chain.chainKey.counter > to.chain.chainKey.counter
    ? at(next, from.chain.chainKey)
    : next
}

/** What is absent and what is undefined are one: libsignal writes either. */
const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  return (
    names.every((name) => isSame(one[name], other[name])) &&
    Object.keys(other).every((name) => name in one || other[name] === undefined)
  )
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

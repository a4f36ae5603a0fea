import type { Dice } from "../crash/Dice.ts"
import { options, otherKinds, said, type Words } from "./Saying.ts"

/** An account's contacts: whoever writes to it, in an order that can be repeated. */

type Incoming = Readonly<Record<string, unknown>> & { readonly from: string; readonly to: string }

interface Sent {
  readonly waMessageId: string
  readonly kind: string
  readonly isOwn: boolean
  readonly text: string | undefined
}

interface Chat {
  readonly to: string
  readonly from: string
  readonly addressing: "lid" | "pn"
  readonly group: string | undefined
  readonly sent: Array<Sent>
}

/** The control API of the simulator. */
export interface Control {
  readonly incoming: (message: Incoming) => Promise<string>
  readonly again: (to: string, waMessageId: string, how: "same" | "anew") => Promise<void>
  /** Makes a group, or changes it; resolves with its id. */
  readonly group: (change: object) => Promise<string>
  readonly history: (of: string, messages: ReadonlyArray<object>) => Promise<void>
}

const contactsEach = 4
const longAgo = 1_600_000_000
const memoriesEach = 6
const callStates = ["accept", "reject", "terminate", "timeout"]

const contactOf = (account: number, contact: number) => String(60_127_000_000 + account * 100 + contact)

/** Of each account the chats with its contacts, and a group with the first of them. */
const chatsOf = async (accounts: ReadonlyArray<string>, { group }: Pick<Control, "group">) => {
  const chats: Array<Chat> = []
  for (const [i, to] of accounts.entries()) {
    for (let j = 0; j < contactsEach; j++) {
      chats.push({ to, from: contactOf(i, j), addressing: j % 2 === 0 ? "lid" : "pn", group: undefined, sent: [] })
    }
    const from = contactOf(i, 0)
    const made = await group({ by: from, subject: "all of us", add: [to, contactOf(i, 1)] })
    chats.push({ to, from, addressing: "lid", group: made, sent: [] })
  }
  return chats
}

export const writing = async (accounts: ReadonlyArray<string>, dice: Dice, control: Control) => {
  const { again, group: changeGroup, history, incoming } = control
  const chats = await chatsOf(accounts, control)
  let facts = chats.filter(({ group }) => group !== undefined).length
  const any = <A>(items: ReadonlyArray<A>) => items[dice.below(items.length)]!

  const change = async ({ addressing, from, group, sent, to }: Chat, n: number, target: Sent) => {
    const { kind, waMessageId: of } = target
    const write = (kind: string, more: object) =>
      incoming({ from, to, addressing, ...(group !== undefined && { group }), kind, ...more })
    const throwOf = dice.below(100)
    if (throwOf < 30) return write("reaction", { of, text: any(["👍", "🙏", ""]) })
    if (throwOf < 60 && kind === "text") return write("edit", { of, text: `meant ${n}`, encrypted: any([true, false]) })
    if (throwOf < 70) return write("delete", { of })
    if (throwOf < 80) return write("pin", { of })
    const poll = sent.findLast((one) => one.kind === "poll" && !one.isOwn)
    if (poll !== undefined) return write("vote", { of: poll.waMessageId, options: [any(options)] })
    return write("reaction", { of, text: "🤷" })
  }

  /** Of a call two things are said, and both count. */
  const call = async ({ addressing, from, to }: Chat, n: number) => {
    const about = { from, to, addressing, kind: "call", callId: `CALL${n}` }
    await incoming({ ...about, state: "offer", video: dice.below(2) === 0 })
    facts++
    await incoming({ ...about, state: any(callStates) })
  }

  /** What a phone remembers of a chat: what was never heard, and now and then what was. */
  const remember = async ({ addressing, from, sent, to }: Chat, n: number) => {
    const past = Array.from({ length: memoriesEach }, (_, i) => ({
      text: `long ago ${n} ${i}`,
      at: longAgo + n * memoriesEach + i
    }))
    facts += memoriesEach - 1
    const known = sent.findLast(({ isOwn, text }) => !isOwn && text !== undefined)
    const again = known === undefined ? [] : [{ text: known.text, waMessageId: known.waMessageId }]
    await history(
      to,
      [...past, ...again].map((message) => ({ from, to, addressing, ...message }))
    )
  }

  const one = async (): Promise<void> => {
    const chat = any(chats)
    const { addressing, from, group, sent, to } = chat
    const n = ++facts
    const write = async (kind: string, more: Words, isOwn = false) => {
      const who = isOwn ? { from: to, to, ...(group === undefined && { chat: from }) } : { from, to }
      const waMessageId = await incoming({ ...who, addressing, ...(group !== undefined && { group }), kind, ...more })
      sent.push({ waMessageId, kind, isOwn, text: kind === "text" ? more.text : undefined })
    }
    const theirs = sent.filter(({ isOwn }) => !isOwn)
    const target = theirs.length === 0 ? undefined : any(theirs.slice(-8))
    const throwOf = dice.below(100)
    if (throwOf < 34 || target === undefined) return write("text", said.text!(n))
    if (throwOf < 42) return write("text", { ...said.text!(n), unreadable: 1 })
    if (throwOf < 47) return write("text", said.text!(n), true)
    if (throwOf < 66) {
      const kind = any(otherKinds)
      return write(kind, said[kind]!(n))
    }
    if (throwOf < 86) return void (await change(chat, n, target))
    if (throwOf < 90 && group === undefined) return call(chat, n)
    if (throwOf < 92 && group === undefined) return remember(chat, n)
    if (throwOf < 94 && group === undefined) {
      await incoming({ from, to, addressing, kind: "unavailable", type: "view_once" })
      return
    }
    if (group !== undefined && throwOf < 94)
      return void (await changeGroup({ group, by: from, subject: `call us ${n}` }))
    await write("text", said.text!(n))
    await again(to, sent.at(-1)!.waMessageId, any(["same", "anew"]))
  }

  return {
    facts: () => facts,
    /** One after the other: what is written first has to be heard first. */
    write: async (many: number) => {
      for (const until = facts + many; facts < until; ) await one()
    }
  }
}
export type Writing = Awaited<ReturnType<typeof writing>>

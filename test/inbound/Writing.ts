import type { Dice } from "../crash/Dice.ts"

/** An account's contacts: whoever writes to it, in an order that can be repeated. */

type Incoming = Readonly<Record<string, unknown>> & { readonly from: string; readonly to: string }

interface Sent {
  readonly waMessageId: string
  readonly kind: string
  readonly isOwn: boolean
}

/** The control API of the simulator. */
export interface Control {
  readonly incoming: (message: Incoming) => Promise<string>
  readonly again: (to: string, waMessageId: string, how: "same" | "anew") => Promise<void>
}

const contactsEach = 4
const options = ["now", "later", "never"]

/** What is said by itself, by kind. */
const said: Readonly<Record<string, (n: number) => object>> = {
  text: (n) => ({ text: `said ${n}` }),
  image: (n) => ({ caption: `seen ${n}` }),
  video: () => ({ seconds: 3 }),
  audio: () => ({ voice: true, seconds: 2 }),
  document: (n) => ({ fileName: `paper ${n}.pdf` }),
  sticker: () => ({}),
  location: () => ({ latitude: 4.6, longitude: 101.1, name: "Ipoh" }),
  contact: () => ({ name: "Ada", vcard: "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD" }),
  poll: (n) => ({ name: `when ${n}`, options })
}
const others = Object.keys(said).filter((kind) => kind !== "text")

export const writing = (accounts: ReadonlyArray<string>, dice: Dice, { again, incoming }: Control) => {
  const chats = accounts.flatMap((to, i) =>
    Array.from({ length: contactsEach }, (_, j) => ({
      to,
      from: String(60_127_000_000 + i * 100 + j),
      addressing: j % 2 === 0 ? "lid" : "pn",
      sent: [] as Array<Sent>
    }))
  )
  let facts = 0
  const any = <A>(items: ReadonlyArray<A>) => items[dice.below(items.length)]!

  const one = async (): Promise<void> => {
    const { addressing, from, sent, to } = any(chats)
    const n = ++facts
    const write = async (kind: string, more: object, isOwn = false) => {
      const who = isOwn ? { from: to, to, chat: from } : { from, to }
      const waMessageId = await incoming({ ...who, addressing, kind, ...more })
      sent.push({ waMessageId, kind, isOwn })
    }
    const theirs = sent.filter(({ isOwn }) => !isOwn)
    const target = theirs.length === 0 ? undefined : any(theirs.slice(-8))
    const throwOf = dice.below(100)
    if (throwOf < 40 || target === undefined) return write("text", said.text!(n))
    if (throwOf < 50) return write("text", { ...said.text!(n), unreadable: 1 })
    if (throwOf < 55) return write("text", said.text!(n), true)
    if (throwOf < 75) {
      const kind = any(others)
      return write(kind, said[kind]!(n))
    }
    const { kind, waMessageId: of } = target
    if (throwOf < 80) return write("reaction", { of, text: any(["👍", "🙏", ""]) })
    if (throwOf < 85 && kind === "text") return write("edit", { of, text: `meant ${n}` })
    if (throwOf < 88) return write("delete", { of })
    if (throwOf < 91) return write("pin", { of })
    const poll = theirs.findLast((one) => one.kind === "poll")
    if (throwOf < 95 && poll !== undefined) return write("vote", { of: poll.waMessageId, options: [any(options)] })
    await write("text", said.text!(n))
    await again(to, sent.at(-1)!.waMessageId, any(["same", "anew"]))
  }

  return {
    facts: () => facts,
    /** One after the other: what is written first has to be heard first. */
    write: async (many: number) => {
      for (let n = 0; n < many; n++) await one()
    }
  }
}
export type Writing = ReturnType<typeof writing>

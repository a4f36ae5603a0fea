import type { GroupMetadata, SignalDataSet, WASocket } from "@whiskeysockets/baileys"
import { toMillis } from "#domain/Instant.ts"
import type { Heard } from "#domain/inbound/Heard.ts"
import type { Notes } from "./AuthState.ts"

/**
 * What groups are called: no message says it. The account's list of them does, which is asked for once a day, and whoever
 * calls one something else.
 */
export interface GroupNames {
  /** What was heard in a group, with what that is called by then. What is said of its name is learnt. */
  readonly naming: (heard: Heard) => Heard
  /** Asks for all of them, if that was not done lately. Whatever comes of it: the next connection asks again. */
  readonly refresh: () => Promise<void>
}

const kind = "group-name"
/** Beside the groups' own rows: no address is empty. */
const asked = { type: "groups-asked", id: "" } as const
const askedEverySeconds = 24 * 3_600
const longest = 256

interface Called {
  readonly name: string
  /** Since when, in seconds since 1970. */
  readonly since: number
}

/** These say what it is called from then on; others say in words something else. */
const naming: ReadonlySet<string> = new Set(["created", "added", "subject_changed"])

const shortened = (subject: string) => subject.toWellFormed().slice(0, longest).toWellFormed()

const saidIn = ({ content, isHistory, sentAt }: Heard, now: number): Called | undefined => {
  if (isHistory || content.type !== "group" || !naming.has(content.event) || !content.text) return undefined
  const since = sentAt === undefined ? now : Math.floor(toMillis(sentAt) / 1_000)
  return { name: shortened(content.text), since: Math.min(since, now) }
}

const isNews = (before: Called, { name, since }: Called) =>
  before.since < since || (before.since === since && before.name !== name)

type Groups = Pick<WASocket, "authState" | "groupFetchAllParticipating">

/** `now`: in seconds since 1970. */
export const make = (sock: Groups, notes: Notes, now: () => number): GroupNames => {
  /** A row that cannot be read names nobody, and hides nothing that is said. */
  const known = (address: string) => {
    try {
      return notes.get(kind, address) as Called | undefined
    } catch {
      return undefined
    }
  }

  /** What it is called: what was said of it last, by when it was said, whatever is heard first. */
  const learnt = (address: string, said: Called): Called => {
    const before = known(address)
    if (before !== undefined && !isNews(before, said)) return before
    try {
      notes.set(kind, address, said)
    } catch {} // what it is called is no reason not to be told what is said there
    return said
  }

  const listed = ({ creation, id, subject, subjectTime }: GroupMetadata) => {
    const called = { name: shortened(subject ?? ""), since: Math.min(subjectTime ?? creation ?? 0, now()) }
    const before = known(id)
    const isNew = before === undefined || isNews(before, called)
    return called.name !== "" && isNew ? [[id, called] as const] : []
  }

  return {
    naming: (heard) => {
      const { chat } = heard
      if (chat.kind !== "group") return heard
      const said = saidIn(heard, now())
      const name = (said === undefined ? known(chat.address) : learnt(chat.address, said))?.name
      return name === undefined ? heard : { ...heard, chat: { ...chat, name } }
    },

    refresh: async () => {
      const last = notes.get(asked.type, asked.id)
      if (typeof last === "number" && last <= now() && now() - last < askedEverySeconds) return
      const groups = Object.values(await sock.groupFetchAllParticipating())
      const rows = { [kind]: Object.fromEntries(groups.flatMap(listed)), [asked.type]: { [asked.id]: now() } }
      // one commit for all of them; the file takes more than Baileys has types for
      await sock.authState.keys.set(rows as unknown as SignalDataSet)
    }
  }
}

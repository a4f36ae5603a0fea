import "./QuietLibsignal.ts"
import { proto, type SignalDataSet, type WASocket } from "@whiskeysockets/baileys"
import { unwrapped } from "./heard/Unwrapped.ts"
import type { Secrets } from "./Secrets.ts"

/** The secrets of what a phone remembers, of which somebody may still speak. */

/** What is edited is edited within a quarter of an hour, and the phone took a while to tell of it. */
const editedForSeconds = 20 * 60
/** The newest: more than these have no place either. */
const mostKept = 2_048

const isPoll = ({ message }: proto.IWebMessageInfo) => unwrapped(message!)?.name.startsWith("pollCreationMessage")
const secondsOf = ({ messageTimestamp }: proto.IWebMessageInfo) => Number(messageTimestamp ?? 0)

/** Phones keep it in the message or beside it. */
const encoded = ({ message, messageSecret }: proto.IWebMessageInfo): Uint8Array => {
  const inside = message?.messageContextInfo
  const messageContextInfo = inside?.messageSecret?.length
    ? inside
    : { ...inside, messageSecret: messageSecret ?? null }
  return proto.Message.encode({ ...message, messageContextInfo }).finish()
}

/**
 * Of polls, which stay open, and of what was said just now; in the order in which it was said, and all of them in one commit.
 * Answers with the ids of these messages.
 */
export const keepSecretsOf = async (
  { conversations }: proto.HistorySync,
  {
    keys,
    now,
    secrets
  }: {
    readonly keys: WASocket["authState"]["keys"]
    readonly secrets: Pick<Secrets, "rowsFor">
    /** In seconds since 1970. */
    readonly now: number
  }
): Promise<ReadonlyArray<string>> => {
  const spokenOf = conversations
    .flatMap(({ messages }) => (messages ?? []).flatMap(({ message }) => message ?? []))
    .filter((info) => info.message && info.key?.id)
    .filter((info) => isPoll(info) || now - secondsOf(info) < editedForSeconds)
    .sort((one, other) => secondsOf(one) - secondsOf(other))
    .slice(-mostKept)
  const rows: { [type: string]: { [id: string]: unknown } } = {}
  for (const info of spokenOf) {
    for (const [type, some] of Object.entries(secrets.rowsFor(info.key!.id!, encoded(info), rows))) {
      rows[type] = Object.assign(rows[type] ?? {}, some)
    }
  }
  if (Object.keys(rows).length > 0) await keys.set(rows as unknown as SignalDataSet) // the file takes more than Baileys has types for
  return spokenOf.map(({ key }) => key!.id!)
}

import { DeviceId, EventId, SubjectId, WaMessageId } from "../Ids.ts"
import { fromMillis } from "../Instant.ts"
import type { Queued } from "../message/Message.ts"

/** A message to two people, as it was accepted. */

export const at = fromMillis(0)
export const alice = SubjectId.make("A".repeat(43))
export const bob = SubjectId.make("B".repeat(43))
export const sealed = { box: "bbbb", iv: "aaaa", key: "1", subject: alice }
export const details: Queued = {
  content: { body: sealed, kind: "text" },
  contentDigest: "d1",
  device: DeviceId.make("0196f3c0-0000-7000-8000-000000000001"),
  expiresAt: fromMillis(1_000),
  recipient: { address: sealed, kind: "phone" },
  recipients: [alice, bob],
  tags: {},
  transport: { messageId: WaMessageId.make("3EB0000000000000000001"), name: "whatsapp-web" }
}
/** The name of its acceptance, and what a report answers to. */
export const id = EventId.make("0196f3c0-0000-5000-8000-000000000001")
export const answer = { command: id, device: details.device, subject: alice } as const

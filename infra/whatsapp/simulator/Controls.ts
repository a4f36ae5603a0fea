import type { BinaryNode } from "@whiskeysockets/baileys"
import { type Announcement, announce } from "./Announcements.ts"
import type { Encoding } from "./BinaryNodes.ts"
import { type AckClaim, claimAck, claimDevices, claimReceipt, type ReceiptClaim } from "./Claims.ts"
import type { Faults } from "./Faults.ts"
import { changeGroup, type GroupChange } from "./GroupChanges.ts"
import { type Memories, remember } from "./History.ts"
import { type ChatTimer, type Repetition, sendAgain, sendIncoming, setTimer } from "./Incoming.ts"
import type { IncomingMessage } from "./IncomingMessage.ts"
import type { Network } from "./Network.ts"
import { scanQr } from "./Pairing.ts"
import { enterCode } from "./PairingCode.ts"
import type { InboxEntry } from "./Phone.ts"
import { type SeenAs, seenAs } from "./Presences.ts"
import type { SimulatorRecord } from "./Record.ts"
import { unlink } from "./Unlink.ts"

/** What a test may do to a running simulator, in the same process or over HTTP. Numbers are digits, without a plus. */
export interface Controls {
  /** Changed by assignment; each holds from the next stanza on. */
  readonly faults: Faults
  readonly record: SimulatorRecord
  /** Scans a client's QR code with this number's phone. Resolves with the companion's address. */
  readonly scanQr: (qr: string, number: string) => Promise<string>
  /** Types a client's pairing code into this number's phone. Resolves with the companion's address. */
  readonly enterCode: (number: string, code: string) => Promise<string>
  /** Resolves with the message's or the call's id. Rejects when no device is linked to the account. */
  readonly sendIncoming: (incoming: IncomingMessage | Announcement) => Promise<string>
  /** The same message once more. Rejects when nobody has sent it. */
  readonly sendAgain: (repetition: Repetition) => Promise<void>
  /** Makes a group, or changes it. Returns its id. */
  readonly changeGroup: (change: GroupChange) => string
  /** What an account's phone has from before. Resolves with the messages' ids. */
  readonly remember: (memories: Memories) => Promise<ReadonlyArray<string>>
  /** A contact makes the messages of its chat with an account disappear, or stay. */
  readonly setTimer: (timer: ChatTimer) => Promise<void>
  /** How a contact is seen from now on. Returns how many clients were told. */
  readonly seenAs: (seen: SeenAs) => { readonly told: number }
  /** A receipt to every linked device of an account, from whomever it names. */
  readonly claimReceipt: (claim: ReceiptClaim) => Promise<void>
  /** An answer to a message of an account, in whosever name. */
  readonly claimAck: (claim: AckClaim) => void
  /** A notification to an account about a number's linked devices, which may be its own. */
  readonly claimDevices: (claim: { readonly of: string; readonly to: string }) => void
  /**
   * Says this to every client of an account, whatever it is, as Baileys would encode it unless told otherwise. With
   * `kept`, again at each login until the client has acknowledged it. False when nobody was there to hear it. Throws when
   * no device is linked to the account.
   */
  readonly sendStanza: (
    number: string,
    stanza: BinaryNode,
    how?: { readonly kept?: boolean; readonly encode?: Encoding }
  ) => boolean
  /** What an account's clients have not acknowledged. */
  readonly kept: (number: string) => ReadonlyArray<BinaryNode>
  readonly setPresent: (number: string, isPresent: boolean) => void
  readonly inbox: (number: string) => ReadonlyArray<InboxEntry>
  /** Cuts every connection of this account, or of all. */
  readonly drop: (number?: string) => void
  /** Ends the stream of this account's clients, or of all, with a code; 401 unlinks them for good. */
  readonly endStreams: (code: number, number?: string) => void
}

export const makeControls = (network: Network): Controls => {
  const linkedTo = (number: string) => network.directory.find(`${number}@s.whatsapp.net`)?.linked ?? []
  const connectionsOf = (number?: string) =>
    [...network.connections].filter(({ login }) => number === undefined || login?.phone.number === number)

  return {
    faults: network.faults,
    record: network.record,
    scanQr: (qr, number) => scanQr(network, qr, number),
    enterCode: (number, code) => enterCode(network, number, code),
    sendIncoming: async (incoming) =>
      incoming.kind === "call" || incoming.kind === "unavailable"
        ? announce(network, incoming)
        : sendIncoming(network, incoming),
    sendAgain: (repetition) => sendAgain(network, repetition),
    changeGroup: (change) => changeGroup(network, change),
    remember: (memories) => remember(network, memories),
    setTimer: (timer) => setTimer(network, timer),
    seenAs: (seen) => seenAs(network, seen),
    claimReceipt: (claim) => claimReceipt(network, claim),
    claimAck: (claim) => claimAck(network, claim),
    claimDevices: (claim) => claimDevices(network, claim),
    sendStanza: (number, stanza, { encode, kept = false } = {}) => {
      if (linkedTo(number).length === 0) throw new Error("no device is linked to this account")
      return linkedTo(number)
        .map((companion) =>
          kept ? companion.deliver(stanza, encode) : (companion.line?.send(stanza, encode) ?? false)
        )
        .includes(true)
    },
    kept: (number) => linkedTo(number).flatMap((companion) => companion.kept.map(({ stanza }) => stanza)),
    setPresent: (number, isPresent) => network.directory.setPresent(number, isPresent),
    inbox: (number) => network.directory.find(`${number}@s.whatsapp.net`)?.inbox ?? [],
    drop: (number) => {
      for (const connection of connectionsOf(number)) connection.drop()
    },
    endStreams: (code, number) => {
      for (const connection of connectionsOf(number)) {
        if (code === 401 && connection.login) unlink(network, connection.login.phone, connection.login.companion)
        else connection.endStream(code)
      }
    }
  }
}

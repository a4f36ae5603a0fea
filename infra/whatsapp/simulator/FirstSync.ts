import { randomBytes } from "node:crypto"
import { deflateSync } from "node:zlib"
import { proto } from "@whiskeysockets/baileys"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Companion } from "./Companion.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

const { Type } = proto.Message.ProtocolMessage
const { HistorySyncType } = proto.HistorySync

/** What a phone sends to a new companion: keys for its settings, and a history, here one without messages. Without it the
 * client holds its message events back for 20 s. */
export const sendFirstSync = async (network: Network, phone: Phone, companion: Companion) => {
  const key = {
    keyId: { keyId: randomBytes(6) },
    keyData: {
      keyData: randomBytes(32),
      fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0, companion.device] },
      timestamp: Date.now()
    }
  }
  await sendFromPhone(phone, companion, {
    type: Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: { keys: [key] }
  })
  const history = proto.HistorySync.encode({
    syncType: HistorySyncType.INITIAL_BOOTSTRAP,
    chunkOrder: 1,
    progress: 100,
    conversations: [...phone.timers].map(([contact, { seconds, since }]) => ({
      id: network.directory.phone(contact).lidJid,
      pnJid: network.directory.phone(contact).jid,
      ephemeralExpiration: seconds,
      ephemeralSettingTimestamp: Number(since)
    })),
    phoneNumberToLidMappings: network.directory.phones.map(({ jid, lidJid }) => ({ pnJid: jid, lidJid }))
  }).finish()
  await sendFromPhone(phone, companion, {
    type: Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: {
      syncType: proto.Message.HistorySyncType.INITIAL_BOOTSTRAP,
      chunkOrder: 1,
      progress: 100,
      initialHistBootstrapInlinePayload: deflateSync(history)
    }
  })
}

const sendFromPhone = async (phone: Phone, companion: Companion, protocolMessage: proto.Message.IProtocolMessage) => {
  const to = phone.deviceJid(companion.device)
  const enc = await phone.signal.encrypt(to, { protocolMessage }, () => companion.takeBundle())
  const id = `3EB0${randomBytes(9).toString("hex").toUpperCase()}`
  const attributes = { id, from: phone.jid, type: "text", category: "peer", t: unixSeconds(), notify: phone.name }
  companion.deliver(element("message", attributes, [enc]))
}

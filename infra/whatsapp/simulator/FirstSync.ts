import { randomBytes } from "node:crypto"
import { proto } from "@whiskeysockets/baileys"
import type { Companion } from "./Companion.ts"
import { sendFromPhone, sendHistory } from "./History.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

/** What a phone sends to a new companion: keys for its settings, and a history, also one without messages. Without it the
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
    type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: { keys: [key] }
  })
  const { full = [], initial = [], recent = [] } = Object.groupBy(phone.past, ({ chunk }) => chunk)
  await sendHistory(network, phone, companion, "initial", initial)
  if (recent.length > 0) await sendHistory(network, phone, companion, "recent", recent)
  if (full.length > 0) await sendHistory(network, phone, companion, "full", full)
}

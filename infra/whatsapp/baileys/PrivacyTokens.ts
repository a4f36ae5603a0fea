import type { WASocket } from "@whiskeysockets/baileys"
import { BoundedMap } from "./BoundedMap.ts"

/**
 * Behind a message Baileys gives its recipient a token, once a week, by which WhatsApp sees that they are known here. It
 * notes that in the transaction of the send, which is over by then: left alone it would give one with every message.
 */
export interface PrivacyTokens {
  /** The server took a message of this connection to this address, and so what Baileys had sent behind it. */
  readonly given: (address: string) => Promise<void>
}

const weekSeconds = 7 * 86_400
const most = 2_048

export const make = (
  { authState: { keys }, signalRepository: { lidMapping } }: Pick<WASocket, "authState" | "signalRepository">,
  now: () => number
): PrivacyTokens => {
  const noted = new BoundedMap<number>(most)

  return {
    given: async (address) => {
      const seconds = now()
      const week = Math.floor(seconds / weekSeconds)
      if (noted.get(address) === week) return
      noted.set(address, week)
      const name = (await lidMapping.getLIDForPN(address)) ?? address
      const { [name]: token } = await keys.get("tctoken", [name])
      if (Math.floor((token?.senderTimestamp ?? 0) / weekSeconds) === week) return
      await keys.set({ tctoken: { [name]: { token: Buffer.alloc(0), ...token, senderTimestamp: seconds } } })
    }
  }
}

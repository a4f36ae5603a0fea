import type { WASocket } from "@whiskeysockets/baileys"
import { fromMillis } from "#domain/Instant.ts"
import type { Pairing, SessionEvent } from "#domain/ports/WhatsApp.ts"

type PairingCode = Omit<Extract<SessionEvent, { readonly _tag: "PairingCode" }>, "device">

/** WhatsApp's servers hand out six references: the first stands for a minute, the others for 20 seconds each. */
const firstMs = 60_000
const nextMs = 20_000
const references = 6

/**
 * Makes of each QR code that Baileys shows on this socket the code to offer, if it is a new one. Rejects when the
 * server does not take the request for a code. `lifetimeMs` replaces WhatsApp's own timing.
 */
export const pairingCodes = (sock: WASocket, pairing: Pairing, lifetimeMs: number | undefined) => {
  const [first, next] = [lifetimeMs ?? firstMs, lifetimeMs ?? nextMs]
  const code = (text: string, ms: number): PairingCode => ({
    _tag: "PairingCode",
    method: pairing.method,
    code: text,
    expiresAt: fromMillis(Date.now() + ms)
  })
  let shown = 0

  return async (qr: string): Promise<PairingCode | undefined> => {
    shown += 1
    if (pairing.method === "qr") return code(qr, shown === 1 ? first : next)
    if (shown > 1) return undefined // one code lives as long as all references together
    const taken = isTaken(sock)
    const [text] = await Promise.all([sock.requestPairingCode(pairing.phone.slice(1)), taken])
    return code(text, first + (references - 1) * next)
  }
}

/** Baileys makes the code up by itself and does not wait for the server's answer: a phone knows only what that took. */
const isTaken = ({ ws }: WASocket): Promise<void> =>
  new Promise((resolve, reject) => {
    ws.once("CB:iq,,link_code_companion_reg", () => resolve())
    ws.once("CB:iq,type:error", () => reject(new PairingCodeRefused()))
    ws.once("close", () => reject(new Error("the connection was lost")))
  })

export class PairingCodeRefused extends Error {
  override readonly name = "PairingCodeRefused"
}

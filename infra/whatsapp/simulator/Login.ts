import { randomBytes } from "node:crypto"
import { S_WHATSAPP_NET } from "@whiskeysockets/baileys"
import { encodePlainly } from "../baileys/PlainNodes.ts"
import { element, unixSeconds } from "./BinaryNodes.ts"
import type { Connection } from "./Connection.ts"
import { sendFirstSync } from "./FirstSync.ts"
import { observeHanded } from "./Handing.ts"
import type { Network } from "./Network.ts"
import type { NoiseSession } from "./NoiseResponder.ts"
import { offerRefs } from "./Pairing.ts"

const loggedOut = 401
const replaced = 440

/** The first thing a client says after the handshake: it registers, or it logs in as a companion. */
export const receiveSession = (network: Network, connection: Connection, session: NoiseSession) => {
  const { payload } = session
  if (network.faults.greeting !== null) connection.send(network.faults.greeting, encodePlainly)
  if (network.faults.loginFailure !== null) return refuse(network, connection, network.faults.loginFailure)
  if (payload.devicePairingData) return offerRefs(network, connection, session)
  const phone = network.directory.find(`${payload.username}@s.whatsapp.net`)
  const companion = phone?.companions.get(payload.device ?? 0)
  // Whoever proves the Noise key that was paired is the companion; nothing else is asked for.
  if (!phone || !companion || companion.unlinked || !companion.keys.noise.equals(session.clientKey)) {
    return refuse(network, connection, loggedOut)
  }
  companion.line?.endStream(replaced)
  companion.attach(connection)
  connection.login = { phone, companion }
  connection.send(
    element("success", {
      t: unixSeconds(),
      props: "27",
      companion_enc_static: randomBytes(32).toString("base64"),
      lid: phone.deviceLidJid(companion.device),
      display_name: phone.name,
      abprops: "3",
      location: "simulator",
      creation: unixSeconds()
    })
  )
  const { primary, secondary, tertiary } = payload.userAgent?.appVersion ?? {}
  const detail = `${primary}.${secondary}.${tertiary}`
  network.record.add("login", { account: phone.number, device: companion.device, detail })
}

const refuse = (network: Network, connection: Connection, reason: number) => {
  network.record.add("login-refused", { detail: String(reason) })
  connection.fail(reason)
}

/** The client says that it is ready: it gets what waited for it, and after its first login the phone's history. */
export const goOnline = async (network: Network, connection: Connection) => {
  const { login } = connection
  if (!login) return
  const kept = login.companion.goOnline()
  const waiting = network.faults.offlineOrder === "reversed" ? kept.toReversed() : kept
  const count = String(waiting.length)
  if (waiting.length > 0) {
    const preview = { count, message: count, receipt: "0", notification: "0", appdata: "0" }
    connection.send(element("ib", { from: S_WHATSAPP_NET }, [element("offline_preview", preview)]))
  }
  for (const { encode, stanza } of waiting) {
    connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: "1" } }, encode)
    observeHanded(network, login.phone, login.companion, stanza, true)
  }
  // Without this the client holds its events back for half a minute.
  connection.send(element("ib", { from: S_WHATSAPP_NET }, [element("offline", { count })]))
  if (!login.companion.hasHistory) await sendFirstSync(network, login.phone, login.companion)
}

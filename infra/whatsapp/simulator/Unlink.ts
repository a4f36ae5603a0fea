import type { Companion } from "./Companion.ts"
import type { Network } from "./Network.ts"
import type { Phone } from "./Phone.ts"

const deviceRemoved = 401

/** Ends a link for good, whether the client logged out or the phone removed it: its next login fails with 401. */
export const unlink = (network: Network, phone: Phone, companion: Companion) => {
  companion.unlinked = true
  companion.line?.endStream(deviceRemoved)
  network.record.add("unlinked", { account: phone.number, device: companion.device })
}

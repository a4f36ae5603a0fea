import type { Server } from "./Processes.ts"

/** What the servers of a benchmark are asked, and with which key. */
export const key = "benchmark-key-of-this-run"

const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }

const urlOf = ({ port }: Pick<Server, "port">) => `http://127.0.0.1:${port}/v1/devices`
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 20))

const connected = async (url: string, id: string, scan?: (qr: string) => Promise<void>): Promise<string> => {
  for (let scanned = false; ; await aMoment()) {
    const answer = await fetch(`${url}/${id}`, { headers })
    const { qr, state } = (await answer.json()) as { readonly state: string; readonly qr?: string }
    if (state === "connected") return id
    if (qr === undefined || scanned) continue
    scanned = true
    await scan?.(qr)
  }
}

/** A device of its own that is linked, and connected; `scan` holds the phone before its code. */
export const pairedDevice = async (
  server: Pick<Server, "port">,
  scan?: (qr: string) => Promise<void>
): Promise<string> => {
  const url = urlOf(server)
  const created = await fetch(url, { method: "POST", headers, body: JSON.stringify({ name: "bench", pairing: "qr" }) })
  const { id } = (await created.json()) as { readonly id: string }
  return connected(url, id, scan)
}

/** The device that a first start makes by itself. */
export const firstDevice = async (
  server: Pick<Server, "port">,
  scan: (qr: string) => Promise<void>
): Promise<string> => {
  const url = urlOf(server)
  for (; ; await aMoment()) {
    const answer = await fetch(url, { headers })
    const { items: [first] = [] } = (await answer.json()) as { readonly items?: ReadonlyArray<{ readonly id: string }> }
    if (first !== undefined) return connected(url, first.id, scan)
  }
}

export const request = (device: string, recipients: number) => ({
  path: "/v1/messages",
  headers: { authorization: `Bearer ${key}` },
  body: { device, content: { type: "text", text: "Your parcel is on its way and arrives before noon." } },
  recipients
})

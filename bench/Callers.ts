import type { Server } from "./Processes.ts"

/** What the servers of a benchmark are asked, and with which key. */
export const key = "benchmark-key-of-this-run"

const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }

/** A device that is linked, and connected; `scan` holds the phone before its code. */
export const pairedDevice = async (
  { port }: Pick<Server, "port">,
  scan?: (qr: string) => Promise<void>
): Promise<string> => {
  const url = `http://127.0.0.1:${port}/v1/devices`
  const created = await fetch(url, { method: "POST", headers, body: JSON.stringify({ name: "bench", pairing: "qr" }) })
  const { id } = (await created.json()) as { readonly id: string }
  for (let scanned = false; ; ) {
    const answer = await fetch(`${url}/${id}`, { headers })
    const { qr, state } = (await answer.json()) as { readonly state: string; readonly qr?: string }
    if (state === "connected") return id
    if (qr !== undefined && !scanned) {
      scanned = true
      await scan?.(qr)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const request = (device: string, recipients: number) => ({
  path: "/v1/messages",
  headers: { authorization: `Bearer ${key}` },
  body: { device, content: { type: "text", text: "Your parcel is on its way and arrives before noon." } },
  recipients
})

/** Calls the gateway as a client would, and knows nothing else of it. */

export interface Answer {
  readonly at: number
  readonly status: number
  readonly body: { readonly [key: string]: any }
}

/** No request may take longer than it asked to wait, plus this. */
const patienceMillis = 15_000

/** `undefined` when the connection broke: nothing is known of what became of the request. `"hung"`: no answer at all. */
export const call = async (
  url: string,
  apiKey: string,
  method: "GET" | "POST",
  path: string,
  body?: object,
  headers: Record<string, string> = {}
): Promise<Answer | "hung" | undefined> => {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMillis)
    })
    const json = (await response.json()) as Answer["body"]
    return { at: Date.now(), status: response.status, body: json }
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? "hung" : undefined
  }
}

/** The simulator's control API. Throws on anything but 200. */
export const control = async (controlUrl: string, path: string, body: object): Promise<void> => {
  const response = await fetch(`${controlUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  if (!response.ok) throw new Error(`the simulator refused ${path}: ${await response.text()}`)
}

export const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

import { assertDeclared } from "../Declared.ts"

/** Calls the gateway as a client would, and knows nothing else of it than what the API declares. */

/** A message or a device, as far as a crash run looks at them. */
interface Body {
  readonly id: string
  readonly status: string
  readonly waMessageId: string
  readonly error?: { readonly code: string }
  readonly expiresAt: string
  readonly state?: string
  readonly qr?: string
  /** A message's events. */
  readonly items?: ReadonlyArray<{ readonly type: string; readonly recordedAt: string }>
}

export interface Answer {
  /** When the request began, and when its answer was here. */
  readonly asked: number
  readonly at: number
  readonly status: number
  readonly body: Body
}

/** No request may take longer than it asked to wait, plus this. */
const patienceMillis = 15_000

/** `undefined` when the connection broke: nothing is known of what became of the request. `"hung"`: no answer at all. */
export const call = async (
  url: string | undefined,
  apiKey: string,
  method: "GET" | "POST",
  path: string,
  payload?: object,
  headers: Record<string, string> = {}
): Promise<Answer | "hung" | undefined> => {
  if (url === undefined) return undefined
  const asked = Date.now()
  let response: Response
  let text: string
  try {
    response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...headers },
      ...(payload !== undefined && { body: JSON.stringify(payload) }),
      signal: AbortSignal.timeout(patienceMillis)
    })
    text = await response.text()
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? "hung" : undefined
  }
  const at = Date.now()
  const { status } = response
  assertDeclared(method, path, { status, headers: response.headers, text })
  return { asked, at, status, body: JSON.parse(text) as Body }
}

/** The simulator's control API, and what it answers. Throws on anything but 200. */
export const control = async (controlUrl: string, path: string, body: object): Promise<unknown> => {
  const response = await fetch(`${controlUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`the simulator refused ${path}: ${text}`)
  return text === "" ? undefined : JSON.parse(text)
}

export const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

import type { PublicEvent } from "../events/PublicEvents.ts"

/** An event as it is sent, written once for all who are told the same. */
export class Frame {
  readonly event: PublicEvent
  #json: Buffer | undefined
  #lines: Buffer | undefined

  constructor(event: PublicEvent) {
    this.event = event
  }

  /** For a WebSocket. */
  get json(): Buffer {
    this.#json ??= Buffer.from(JSON.stringify(this.event))
    return this.#json
  }

  /** For Server-Sent Events. JSON has no line break in it. */
  get lines(): Buffer {
    const { cursor, type } = this.event
    this.#lines ??= Buffer.from(`id: ${cursor}\nevent: ${type}\ndata: ${JSON.stringify(this.event)}\n\n`)
    return this.#lines
  }
}

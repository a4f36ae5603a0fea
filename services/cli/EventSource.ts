/** One block of a stream of Server-Sent Events. */
export interface Block {
  readonly id: string | undefined
  readonly event: string | undefined
  readonly data: string | undefined
}

/** No event is nearly so long. */
const longest = 4 * 1024 * 1024

const blockOf = (text: string): Block => {
  const found: { id?: string; event?: string; data?: string } = {}
  for (const line of text.split("\n")) {
    const [, field, value = ""] = /^([^:]+):? ?(.*)$/.exec(line) ?? []
    if (field === "data") found.data = found.data === undefined ? value : `${found.data}\n${value}`
    if (field === "id" || field === "event") found[field] = value
  }
  return { id: found.id, event: found.event, data: found.data }
}

/** Reads such a stream as far as it comes, block by block. */
export const blocksIn = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).replaceAll("\r\n", "\n").split("\n\n")
    rest = blocks.pop() ?? ""
    if (rest.length > longest) throw new Error("this is no stream of events")
    for (const block of blocks) yield blockOf(block)
  }
}

const colon = 0x3a
const backslash = 0x5c

/** How many members the objects in this JSON have as it is written: one for each colon that stands in no string. */
export const membersWritten = (json: string): number => {
  let members = 0
  let at = 0
  while (at < json.length) {
    const quote = json.indexOf('"', at)
    const end = quote < 0 ? json.length : quote
    for (; at < end; at++) if (json.charCodeAt(at) === colon) members++
    if (quote >= 0) at = endOfString(json, quote) + 1
  }
  return members
}

/** Where the string that begins at `start` ends; -1 if it does not. */
export const endOfString = (json: string, start: number): number => {
  let end = json.indexOf('"', start + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end
}

const isEscaped = (json: string, at: number): boolean => {
  let before = at
  while (json.charCodeAt(before - 1) === backslash) before--
  return (at - before) % 2 === 1
}

/** Whether a member of an object in it is given twice, of which the parser has dropped the first. */
export const isTwofold = (json: string, value: unknown): boolean => membersOf(value) < membersWritten(json)

const membersOf = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce<number>((sum, one) => sum + membersOf(one), own)
}

import { concat } from "#domain/Bytes.ts"

/** A message as it was encoded: also what this release has no names for. */

/** Numbers of fields in a message of WhatsApp's. */
const keysOfGroups: ReadonlyArray<number> = [2, 15]
const deviceSent = { message: 31, inside: 2 }
const contextInfo = 35

interface Field {
  readonly number: number
  readonly whole: Uint8Array
  /** Of what has a length. */
  readonly value: Uint8Array | undefined
}

const varint = (bytes: Uint8Array, at: number): readonly [value: number, next: number] => {
  let value = 0
  for (let n = 0; n < 10; n++) {
    const byte = bytes[at + n]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * n)
    if (byte < 0x80) return [value, at + n + 1]
  }
  throw new Error("not protobuf")
}

/** Throws on anything but protobuf. */
const fieldsOf = (bytes: Uint8Array): ReadonlyArray<Field> => {
  const fields: Array<Field> = []
  let at = 0
  while (at < bytes.length) {
    const [tag, begin] = varint(bytes, at)
    const wire = tag % 8
    let from = begin
    let end = begin
    if (wire === 0) end = varint(bytes, begin)[1]
    else if (wire === 1) end = begin + 8
    else if (wire === 5) end = begin + 4
    else if (wire === 2) {
      const [length, next] = varint(bytes, begin)
      from = next
      end = next + length
    } else throw new Error("not protobuf")
    if (end > bytes.length) throw new Error("not protobuf")
    const value = wire === 2 ? bytes.subarray(from, end) : undefined
    fields.push({ number: Math.floor(tag / 8), whole: bytes.subarray(at, end), value })
    at = end
  }
  return fields
}

const valueIn = (fields: ReadonlyArray<Field>, number: number) =>
  fields.find((field) => field.number === number && field.value !== undefined)?.value

/** Without what the account's own device has put around it, and without keys: whoever has these reads what is sent with them. */
const saidIn = (plain: Uint8Array): Uint8Array => {
  const fields = fieldsOf(plain)
  const sent = valueIn(fields, deviceSent.message)
  const inside = sent && valueIn(fieldsOf(sent), deviceSent.inside)
  if (inside !== undefined) return saidIn(inside)
  return concat(...fields.filter(({ number }) => !keysOfGroups.includes(number)).map(({ whole }) => whole))
}

/** What came in one stanza is one message. Nothing when it cannot be read. */
export const encodedOf = (plains: ReadonlyArray<Uint8Array>): Uint8Array | undefined => {
  try {
    return plains.length === 0 ? undefined : concat(...plains.map(saidIn))
  } catch {
    return undefined
  }
}

/** Whether it says anything to people. */
export const saysMore = (encoded: Uint8Array): boolean => {
  try {
    return fieldsOf(encoded).some(({ number }) => number !== contextInfo && !keysOfGroups.includes(number))
  } catch {
    return true
  }
}

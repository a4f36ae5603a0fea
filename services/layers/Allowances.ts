import { isIP } from "node:net"
import type { Allowance } from "#domain/ports/OutboundHttp.ts"

/** A name, or an address, in brackets where a port follows IPv6 without bits; then bits; then a port. */
const written =
  /^(?:(loopback|private|public)|\[([\d.:a-f]+)\](?:\/(\d{1,3}))?|([\d.]+|[\d.:a-f]+(?=\/|$))(?:\/(\d{1,3}))?)(?::(\d{1,5}))?$/i

const allowanceOf = (text: string): Allowance | undefined => {
  const [, name, bracketed, bracketedBits, bare, bareBits, portText] = written.exec(text) ?? []
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  if (name !== undefined) return { range: name.toLowerCase() as "loopback" | "private" | "public", port }
  const address = bracketed ?? bare ?? ""
  const version = isIP(address)
  if (version === 0 || (bracketed !== undefined && version === 4)) return undefined
  const whole = version === 4 ? 32 : 128
  const bits = Number(bracketedBits ?? bareBits ?? whole)
  return bits > whole ? undefined : { range: { address, bits }, port }
}

/** `loopback:3000, 10.1.0.0/16, [fd12::1]:8080`; `undefined` for anything else. */
export const allowancesOf = (text: string): ReadonlyArray<Allowance> | undefined => {
  const allowances = text.split(",").map((entry) => allowanceOf(entry.trim()))
  return allowances.every((allowance) => allowance !== undefined) ? allowances : undefined
}

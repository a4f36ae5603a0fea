import { networkInterfaces } from "node:os"
import ipaddr from "ipaddr.js"
import type { Allowance, RefusalReason } from "#domain/ports/OutboundHttp.ts"
import type { Target } from "./Target.ts"

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Where clouds tell a machine its credentials. In no range: only what names the very address allows it. */
const metadata = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254"
])

const publicPorts = [443, 8443]
/** What is handed out of IPv6; the rest is nobody's, or stands for something else. */
const handedOut = [ipaddr.IPv6.parse("2000::"), 3] as [ipaddr.IPv6, number]

/** IPv4 in IPv6 is IPv4; `undefined` for no address, and for one that depends on an interface. */
export const read = (text: string): Address | undefined =>
  text.includes("%") || !ipaddr.isValid(text) || (!text.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(text))
    ? undefined
    : ipaddr.process(text)

/** This machine's own, which may be public, and listened at. */
const isOwn = (address: Address) =>
  Object.values(networkInterfaces()).some((here) =>
    here?.some((own) => read(own.address)?.toString() === address.toString())
  )

const isPublic = (address: Address) =>
  address.range() === "unicast" &&
  (address.kind() === "ipv4" || (address as ipaddr.IPv6).match(handedOut)) &&
  !metadata.has(address.toString()) &&
  !isOwn(address)

const isIn = (address: Address, range: Allowance["range"]): boolean => {
  if (typeof range === "string") {
    if (range === "public") return isPublic(address)
    const kind = address.range() === "uniqueLocal" ? "private" : address.range()
    return kind === range && !metadata.has(address.toString())
  }
  const network = read(range.address)
  if (network?.kind() !== address.kind()) return false
  const isAlone = range.bits === (address.kind() === "ipv4" ? 32 : 128)
  return (isAlone || !metadata.has(address.toString())) && address.match([network, range.bits] as [ipaddr.IPv4, number])
}

type Way = Pick<Target, "scheme" | "port">

/** What may be reached: the public internet by https at its usual ports, and what the operator allows. */
export const reach = (allowances: ReadonlyArray<Allowance>) => {
  const isFor =
    ({ port }: Way) =>
    (allowance: Allowance) =>
      allowance.port === undefined || allowance.port === port
  const usual = ({ port, scheme }: Way): RefusalReason | undefined =>
    scheme === "http" ? "scheme" : publicPorts.includes(port) ? undefined : "port"

  return {
    /** Before the address is known: why there is none that may be reached so. */
    refusesWay: (way: Way): RefusalReason | undefined => (allowances.some(isFor(way)) ? undefined : usual(way)),
    refuses: (text: string, way: Way): RefusalReason | undefined => {
      const address = read(text)
      if (address === undefined) return "address"
      const allowing = allowances.filter(({ range }) => isIn(address, range))
      if (allowing.some(isFor(way))) return undefined
      if (isPublic(address)) return usual(way)
      return allowing.length > 0 ? "port" : "address"
    }
  }
}

export type Reach = ReturnType<typeof reach>

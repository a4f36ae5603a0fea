import { BlockList, isIP } from "node:net"
import { Option } from "effect"

/** Which proxies stand before the gateway: so many of them, or those with these addresses. */
export type Trust = { readonly hops: number } | { readonly proxies: BlockList }

/** `2`, or addresses and networks such as `10.0.0.0/8, ::1`; `undefined` for anything else. */
export const trustOf = (text: string): Trust | undefined => {
  if (/^\d{1,2}$/.test(text)) return { hops: Number(text) }
  const proxies = new BlockList()
  for (const entry of text.split(",")) {
    const [address = "", bits, ...more] = entry.trim().split("/")
    const version = isIP(address)
    if (version === 0 || more.length > 0) return undefined
    const family = version === 4 ? "ipv4" : "ipv6"
    if (bits === undefined) proxies.addAddress(address, family)
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)) {
      proxies.addSubnet(address, Number(bits), family)
    } else return undefined
  }
  return { proxies }
}

/** What is known of a request before it is read. */
export interface Asking {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly remoteAddress: Option.Option<string>
}

/**
 * Where a request comes from: an IPv4 address, or an IPv6 network of 64 bits, which is what one subscriber has; `undefined`
 * when the connection has ended. `X-Forwarded-For` is written by anybody: it is read only as far as proxies are trusted,
 * from its end, where the nearest of them wrote.
 */
export const clientAddresses =
  (trust: Trust | undefined) =>
  ({ headers, remoteAddress }: Asking): string | undefined => {
    if (Option.isNone(remoteAddress)) return undefined
    const nearest = unmapped(remoteAddress.value)
    const forwarded = trust === undefined ? undefined : headers["x-forwarded-for"]
    if (trust === undefined || forwarded === undefined) return networkOf(nearest)
    const written = forwarded.split(",")
    const hops = "hops" in trust ? trust.hops : Number.POSITIVE_INFINITY
    let address = nearest
    for (let hop = 0; hop < hops && written.length > 0; hop++) {
      if ("proxies" in trust && !trust.proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6")) break
      const before = plain(written.pop()!.trim())
      if (isIP(before) === 0) break // the proxy did not say
      address = before
    }
    return networkOf(address)
  }

/** Whether it is a trusted proxy that is connected, so that what proxies alone write may be believed. */
export const isProxied = (trust: Trust | undefined, remoteAddress: string | undefined): boolean => {
  if (trust === undefined || remoteAddress === undefined) return false
  if ("hops" in trust) return trust.hops > 0
  const address = unmapped(remoteAddress)
  return trust.proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6")
}

/** Without what proxies write around an address: brackets, a port. */
const plain = (written: string): string =>
  unmapped(/^\[([^\]]+)\](?::\d+)?$/.exec(written)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(written)?.[1] ?? written)

/** IPv4 in IPv6 is IPv4. */
const unmapped = (address: string): string =>
  address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address

const networkOf = (address: string): string => {
  if (!address.includes(":")) return address
  const [before = "", after] = address.toLowerCase().replace(/%.*/, "").split("::")
  const groups = before === "" ? [] : before.split(":")
  if (after !== undefined) {
    const rest = after === "" ? [] : after.split(":")
    while (groups.length + rest.length < 8) groups.push("0")
    groups.push(...rest)
  }
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""))
  return `${network.join(":")}::/64`
}

/**
 * A path has one spelling. Whoever stands before this gateway decides by the path as well what is let through: read two
 * ways, one of them would be a way around it.
 */
export const exactPaths = { ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, caseSensitive: true } as const

/** Letters, digits and `-._~` need no escape (RFC 3986 §2.3); the router would take it off, and all behind a `;`. */
const otherSpelling = /^[^?]*(%(2[DE]|3\d|[46][1-9A-F]|[57][\dA]|5F|7E)|[;#])/i

export const isExact = (target: string): boolean => !otherSpelling.test(target)

/** What is asked for, without its parameters. */
export const pathOf = (target: string): string => target.split("?", 1)[0]!

/**
 * A path has one spelling. Whoever stands before this gateway decides by the path as well what is let through: read two
 * ways, one of them would be a way around it.
 */
export const exactPaths = { ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, caseSensitive: true } as const

/** None of ours has escapes, matrix parameters or a host before it, all of which the router would take off. */
export const isExact = (target: string): boolean => /^\/[\w./~-]*(\?|$)/.test(target)

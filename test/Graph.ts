/** Names, and arrows between them. */

/** Everything that can be reached from a name, itself only if there is a way back. */
export const reach = (edges: ReadonlyMap<string, ReadonlySet<string>>, from: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const look = (name: string) => {
    for (const next of edges.get(name) ?? []) {
      if (found.has(next)) continue
      found.add(next)
      look(next)
    }
  }
  look(from)
  return found
}

export const graphOf = (pairs: ReadonlyArray<readonly [string, string]>) => {
  const edges = new Map<string, Set<string>>()
  for (const [from, to] of pairs) if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  return edges
}

/** What needs itself in the end. */
export const circles = (pairs: ReadonlyArray<readonly [string, string]>) => {
  const edges = graphOf(pairs)
  return [...edges.keys()].filter((name) => reach(edges, name).has(name)).toSorted()
}

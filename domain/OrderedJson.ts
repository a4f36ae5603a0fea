import { type Schema, SchemaAST } from "effect"

const deepest = 16

/**
 * RFC 8785 (canonical) JSON of a value whose members stand in its order already, as `inOrder` lays them out: it is what
 * `JSON.stringify` writes, for half the price of sorting. `undefined` for everything else, also for what JSON cannot say.
 */
export const orderedJson = (value: unknown): string | undefined => {
  if (!isInOrder(value, 0)) return undefined
  const text = JSON.stringify(value)
  return text.includes("\\ud") ? undefined : text // perhaps a lone surrogate, which is not JSON
}

/** Plain JSON whose members are sorted by UTF-16 code units, all the way down. */
const isInOrder = (value: unknown, depth: number): boolean => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true
  if (typeof value === "number") return Number.isFinite(value)
  if (typeof value !== "object" || depth === deepest) return false
  if (Array.isArray(value)) return value.every((item) => isInOrder(item, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let before = ""
  for (const key of Object.keys(value)) {
    if (key < before || !isInOrder((value as Members)[key], depth + 1)) return false
    before = key
  }
  return true
}

type Members = Readonly<Record<string, unknown>>
type LayOut = (value: unknown) => unknown

/**
 * Lays out what has this shape so that `orderedJson` can write it, wherever its members stood: the shape has sorted their
 * names once and for all. What stands in order is answered as it is. Lists, and members that the shape does not name, are
 * left as they are.
 */
export const inOrder = (shape: Pick<Schema.Top, "ast">): (<A>(value: A) => A) => {
  const layOut = layingOut([shape.ast])
  return <A>(value: A) => (layOut === undefined ? value : (layOut(value) as A))
}

/** `undefined`: there is nothing to lay out in any of these. */
const layingOut = (types: ReadonlyArray<SchemaAST.AST>): LayOut | undefined => {
  const members = Map.groupBy(types.flatMap(membersOf), ({ name }) => String(name))
  if (members.size === 0) return undefined
  const names = [...members.keys()].sort()
  const parts = names.map((name) => layingOut(members.get(name)!.map(({ type }) => type)))
  const nested = names.flatMap((name, i) => (parts[i] === undefined ? [] : [[name, parts[i]] as const]))

  const isLaidOut = (value: Members, keys: ReadonlyArray<string>): boolean => {
    let place = 0
    for (const key of keys) {
      while (place < names.length && names[place] !== key) place++
      if (place++ === names.length) return false
    }
    return nested.every(([name, layOut]) => layOut(value[name]) === value[name])
  }

  return (value) => {
    if (typeof value !== "object" || value === null) return value
    const [from, keys] = [value as Members, Object.keys(value)]
    if (isLaidOut(from, keys)) return value
    const laidOut: Record<string, unknown> = {}
    let left = keys.length
    for (const [i, name] of names.entries()) {
      const member = from[name]
      if (member === undefined) continue
      laidOut[name] = parts[i] === undefined ? member : parts[i](member)
      left--
    }
    return left === 0 ? laidOut : value
  }
}

const membersOf = (type: SchemaAST.AST): ReadonlyArray<SchemaAST.PropertySignature> => {
  if (SchemaAST.isUnion(type)) return type.types.flatMap(membersOf)
  return SchemaAST.isObjects(type) ? type.propertySignatures : []
}

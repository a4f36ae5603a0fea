import { type Hash, nodeHash } from "../MerkleTree.ts"

/**
 * An RFC 6962 tree over leaves that are counted from 0. Sizes and indices are whole numbers up to 2^53 - 1; hashes are 32
 * bytes. What is proven is said as spans of leaves, so that whoever keeps hashes decides how they are found.
 */

/** The leaves from `start` up to and without `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The root over the leaves from `index * 2^height` on, of which there are `2^height`. */
export interface Node {
  readonly height: number
  readonly index: number
}

/** Of no leaves at all. */
export const emptyRoot = (hash: Hash): Uint8Array => hash(new Uint8Array(0))

/** The largest power of two below `size`, which is at least 2: so many leaves stand on the left of a root. */
const leftOf = (size: number): number => {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}

/** The whole subtrees that a span of a tree consists of, from left to right. `start` is where such a span may begin. */
export const nodesIn = ({ end, start }: Span): ReadonlyArray<Node> => {
  const nodes: Array<Node> = []
  let from = start
  while (from < end) {
    let [height, width] = [0, 1]
    while (width * 2 <= end - from && from % (width * 2) === 0) {
      width *= 2
      height++
    }
    nodes.push({ height, index: from / width })
    from += width
  }
  return nodes
}

/** The root over whole subtrees that stand side by side, from left to right, as `nodesIn` names them. */
export const rootOver = (hash: Hash, hashes: ReadonlyArray<Uint8Array>): Uint8Array =>
  hashes.length === 0 ? emptyRoot(hash) : hashes.reduceRight((right, left) => nodeHash(hash, left, right))

/** What stands beside the way from a leaf up to the root, from below: RFC 6962, 2.1.1. */
export const inclusionSpans = (index: number, size: number): ReadonlyArray<Span> => {
  const spans: Array<Span> = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + leftOf(end - start)
    if (index < middle) {
      spans.unshift({ start: middle, end })
      end = middle
    } else {
      spans.unshift({ start, end: middle })
      start = middle
    }
  }
  return spans
}

/** What shows that the tree of size `to` begins with the one of size `from`: RFC 6962, 2.1.2. */
export const consistencySpans = (from: number, to: number): ReadonlyArray<Span> => {
  if (from === 0 || from === to) return []
  const spans: Array<Span> = []
  let [start, end] = [0, to]
  while (end !== from) {
    const middle = start + leftOf(end - start)
    if (from <= middle) {
      spans.unshift({ start: middle, end })
      end = middle
    } else {
      spans.unshift({ start, end: middle })
      start = middle
    }
  }
  return start === 0 ? spans : [{ start, end }, ...spans]
}

export const hashBytes = 32

/** Nothing is no hash, and is the same as none. */
export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length > 0 && one.length === other.length && one.every((byte, i) => byte === other[i])

const isOdd = (n: number) => n % 2 === 1
const half = (n: number) => Math.floor(n / 2)

/** Whether the leaf stands at this index of the tree with this root: RFC 9162, 2.1.3.2. */
export const isIncluded = (
  hash: Hash,
  {
    index,
    leaf,
    path,
    root,
    size
  }: {
    readonly leaf: Uint8Array
    readonly index: number
    readonly size: number
    readonly root: Uint8Array
    readonly path: ReadonlyArray<Uint8Array>
  }
): boolean => {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  let [at, last, so] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      so = nodeHash(hash, sibling, so)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else so = nodeHash(hash, so, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && sameHash(so, root)
}

/** A tree: how many leaves it has, and what they come to. */
export interface Sized {
  readonly size: number
  readonly root: Uint8Array
}

/** Whether the tree `to` begins with all that the tree `from` holds: RFC 9162, 2.1.4.2. Of an empty one nothing is proven. */
export const isConsistent = (hash: Hash, from: Sized, to: Sized, path: ReadonlyArray<Uint8Array>): boolean => {
  if (!isCount(from.size) || !isCount(to.size) || from.size > to.size) return false
  if (from.size === 0 && (to.size > 0 || !sameHash(to.root, emptyRoot(hash)))) return false
  if (from.size === to.size) return path.length === 0 && sameHash(from.root, to.root)
  const whole = isPowerOfTwo(from.size) ? [from.root, ...path] : path
  const [first, ...rest] = whole
  if (first === undefined) return false
  let [at, last] = [from.size - 1, to.size - 1]
  while (isOdd(at)) [at, last] = [half(at), half(last)]
  let [before, after] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      before = nodeHash(hash, sibling, before)
      after = nodeHash(hash, sibling, after)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else after = nodeHash(hash, after, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && sameHash(before, from.root) && sameHash(after, to.root)
}

const isCount = (n: number) => Number.isSafeInteger(n) && n >= 0
const isPowerOfTwo = (n: number) => nodesIn({ start: 0, end: n }).length === 1

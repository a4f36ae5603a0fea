#!/usr/bin/env node
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto"
import { createReadStream, readFileSync, realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

// Verifies what `homing audit export` wrote, with nothing at hand but that file, public keys, and tree heads that were kept
// elsewhere. It is written from RFC 6962 and the C2SP specifications alone and imports nothing of Homing, so that a mistake
// there is not made here once more.

const usage = `verify.mjs EXPORT [--head FILE]... [--key VKEY]... [--witness VKEY]... [--quorum N] [--earlier EXPORT] [--json]

  EXPORT     what \`homing audit export\` wrote
  --head     a tree head that was kept elsewhere, as a note; more of them narrow down where something was changed
  --key      the log's public key, <name>+<id>+<base64>, as you were told it: not as the export says
  --witness  the key of a witness that you trust: a head is believed when the log or a witness signed it
  --quorum   so many of these witnesses have to have cosigned a head before it is believed: with more than half of all there
             are, nobody can have shown them two histories
  --earlier  an export of before: with it the first entry that was changed is named even when the tree was made anew
  --json     print one line of JSON

Ends with 0: proven up to a head of yours. 2: refuted. 3: internally consistent, completeness unproven. 1: not read.`

const sha256 = (...parts) => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const [leafMark, nodeMark, linkMark] = [0, 1, 2].map((mark) => Buffer.from([mark]))
const leafOf = (entry) => sha256(leafMark, entry)

/** The root over leaves that come one after the other: whole subtrees, the largest first, and how many leaves each has. */
const growing = () => {
  const subtrees = []
  return {
    add: (leaf) => {
      let [hash, width] = [leaf, 1]
      while (subtrees.at(-1)?.width === width) {
        hash = sha256(nodeMark, subtrees.pop().hash, hash)
        width *= 2
      }
      subtrees.push({ hash, width })
    },
    root: () =>
      subtrees.length === 0
        ? sha256()
        : subtrees.map(({ hash }) => hash).reduceRight((right, left) => sha256(nodeMark, left, right))
  }
}

// Notes

const keyIn = (text) => {
  const [name, id, ...rest] = text.split("+")
  const bytes = Buffer.from(rest.join("+"), "base64")
  if (!name || bytes.length !== 33 || ![1, 4].includes(bytes[0])) throw new Unusable(`this is no verifier key: ${text}`)
  const own = sha256(`${name}\n`, bytes).subarray(0, 4)
  if (own.toString("hex") !== id) throw new Unusable(`this verifier key does not have its own id: ${text}`)
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), bytes.subarray(1)])
  return { name, id, type: bytes[0], key: createPublicKey({ key: der, format: "der", type: "spki" }) }
}

/** What a note says as a tree head, and its signatures; throws on what is none. */
const headIn = (note) => {
  const end = note.lastIndexOf("\n\n")
  const text = note.slice(0, end + 1)
  const [origin, size, root, ...more] = text.split("\n")
  if (end < 0 || !origin || !/^(0|[1-9]\d*)$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root) || more.length === 0)
    throw new Unusable("a tree head is not a C2SP checkpoint")
  const signatures = note
    .slice(end + 2)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, name, base64] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
      if (name === undefined) throw new Unusable("a line under a tree head is no signature")
      const bytes = Buffer.from(base64, "base64")
      return { name, id: bytes.subarray(0, 4).toString("hex"), bytes: bytes.subarray(4) }
    })
  return { origin, size: Number(size), root: Buffer.from(root, "base64"), text, signatures }
}

const isSigned = ({ text }, { key, type }, { bytes }) => {
  if (type === 1) return verifySignature(null, Buffer.from(text), key, bytes)
  if (bytes.length !== 72) return false
  const time = bytes.readBigUInt64BE(0)
  return verifySignature(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), key, bytes.subarray(8))
}

/** Which of these keys signed the head; a signature under the name of one that is not its own refutes the head. */
const signersOf = (head, keys) => {
  const found = []
  for (const key of keys) {
    const own = head.signatures.filter(({ id, name }) => id === key.id && name === key.name)
    if (own.some((one) => !isSigned(head, key, one))) return { forged: key.name, found }
    if (own.length > 0) found.push(key)
  }
  return { forged: undefined, found }
}

// Exports

class Unusable extends Error {}

const format = "homing-audit-export/1"
const entryLine = /^\{"entry":(.*),"leaf":("[0-9a-f]{64}"|null),"link":("[0-9a-f]{64}"|null)\}$/s

/** The lines of an export: its entries, one after the other, and the head at its end. */
const readExport = async function* (lines) {
  let number = 0
  for await (const line of lines) {
    if (number++ === 0) {
      const begun = jsonIn(line)
      if (begun?.format !== format) throw new Unusable(`the export does not begin as one of the format ${format}`)
      yield { origin: begun.origin, size: begun.size }
      continue
    }
    const found = entryLine.exec(line)
    if (found !== null) {
      const [entry, leaf, link] = found.slice(1)
      yield { entry: entry === "null" ? undefined : Buffer.from(entry), leaf: hashIn(leaf), link: hashIn(link) }
      continue
    }
    const end = jsonIn(line)
    if (typeof end?.head !== "string") {
      yield { broken: true }
      return
    }
    yield { head: end.head }
  }
}
const jsonIn = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
const hashIn = (text) => (text === "null" ? undefined : Buffer.from(text.slice(1, -1), "hex"))

/**
 * What is known of events by what they say: revisions of a stream follow each other, and an id stands once. What is wrong,
 * and from where on it may be.
 */
const following = () => {
  const ends = new Map()
  const ids = new Set()
  return (entry, index) => {
    const event = jsonIn(entry.toString())
    if (event === undefined || typeof event.stream !== "string") return { from: index, reason: "it is no event" }
    const { id, revision, stream } = event
    const end = ends.get(stream) ?? { revision: -1, index: -1 }
    ends.set(stream, { revision, index })
    if (revision > end.revision + 1)
      return { from: end.index + 1, reason: "events of its stream are missing before it" }
    if (revision !== end.revision + 1) return { from: index, reason: "its stream does not go on with it" }
    if (ids.has(id)) return { from: index, reason: "its id stands in the log twice" }
    ids.add(id)
    return undefined
  }
}

const same = (one, other) => one !== undefined && other !== undefined && one.equals(other)
const brief = ({ root, size }) => `${size} ${root.toString("base64")}`

/** The leaves of an export of before, up to a head that is believed; `undefined` where they do not come to it. */
const leavesOf = async (lines, believed) => {
  const sizes = new Map(believed.map((head) => [head.size, head]))
  const [leaves, tree] = [[], growing()]
  let proven = 0
  for await (const { entry } of readExport(lines)) {
    if (entry === undefined) continue
    const leaf = leafOf(entry)
    leaves.push(leaf)
    tree.add(leaf)
    const head = sizes.get(leaves.length)
    if (head?.root.equals(tree.root())) proven = leaves.length
  }
  return leaves.slice(0, proven)
}

/** Of an export that is wrong throughout, no more are told. */
const mostFlaws = 100

/**
 * Reads an export, a line at a time, and says what it shows. `lines`: of the export; `heads`: notes that were kept
 * elsewhere; `keys`, `witnesses`: verifier keys; `quorum`: how many of the witnesses have to have cosigned each head; `earlier`: the
 * lines of an export of before.
 */
export const verifyExport = async ({ earlier, heads = [], keys = [], lines, quorum = 0, witnesses = [] }) => {
  const [logKeys, witnessKeys] = [keys.map(keyIn), witnesses.map(keyIn)]
  const [established, unestablished, bad] = [[], [], []]
  const refute = (index, reason, upTo = index + 1) => bad.push({ index, upTo, reason })

  const believed = []
  for (const note of heads) {
    const head = headIn(note)
    const { forged, found } = signersOf(head, [...logKeys, ...witnessKeys])
    if (forged !== undefined) throw new Unusable(`the tree head ${brief(head)} has a signature that is not ${forged}'s`)
    if (found.length === 0 && logKeys.length + witnessKeys.length > 0)
      throw new Unusable(`none of the keys signed the tree head ${brief(head)}`)
    const cosigning = new Set(found.filter((key) => witnessKeys.includes(key)).map(({ name }) => name)).size
    if (cosigning < quorum)
      throw new Unusable(`${cosigning} of the witnesses cosigned the tree head ${brief(head)}, and ${quorum} have to`)
    believed.push({ ...head, found })
  }
  believed.sort((a, b) => a.size - b.size)
  for (const [i, head] of believed.entries()) {
    const before = believed[i - 1]
    if (before?.origin !== undefined && before.origin !== head.origin)
      throw new Unusable(`the tree heads are of two logs, ${before.origin} and ${head.origin}`)
    if (before?.size === head.size && !before.root.equals(head.root)) {
      refute(
        0,
        `the log was forked: two tree heads of one size were signed, ${brief(before)} and ${brief(head)}`,
        head.size
      )
    }
  }
  const known = earlier === undefined ? [] : await leavesOf(earlier, believed)
  if (earlier !== undefined && known.length === 0)
    unestablished.push("the earlier export does not come to any of the tree heads, and was not used")

  const [tree, goesOn] = [growing(), following()]
  let [begun, end, size, held, chain] = [undefined, undefined, 0, 0, Buffer.alloc(32)]
  let next = 0
  for await (const line of readExport(lines)) {
    if (line.origin !== undefined) begun = line
    else if (line.broken) refute(size, "the export is broken off or damaged there")
    else if (line.head !== undefined) end = line.head
    else {
      const index = size++
      if (line.entry === undefined) {
        refute(index, "the log holds nothing there, and the tree does: it was truncated")
        continue
      }
      const leaf = leafOf(line.entry)
      tree.add(leaf)
      chain = sha256(linkMark, chain, leaf)
      if (known[index] !== undefined && !same(known[index], leaf))
        refute(index, "it is not the entry that the earlier export holds there")
      if (line.leaf === undefined) refute(index, "the tree holds no leaf there, and the log does")
      else if (!same(line.leaf, leaf)) refute(index, "the entry is not the one that the tree noted there")
      else if (!same(line.link, chain)) refute(index, "the chain does not go on there")
      const flaw = goesOn(line.entry, index)
      if (flaw !== undefined) refute(flaw.from, flaw.reason, index + 1)
      for (; believed[next]?.size === size; next++) {
        const head = believed[next]
        if (tree.root().equals(head.root)) held = size
        else {
          const found = brief({ size, root: tree.root() })
          refute(held, `the log is not the one of the tree head ${brief(head)}: it comes to ${found}`, size)
        }
      }
    }
  }
  if (begun === undefined) throw new Unusable("the export is empty")
  for (const head of believed.slice(next)) {
    if (head.size === 0) continue
    refute(size, `the log is shorter than the tree head ${brief(head)}: it was truncated or restored`)
  }
  for (const head of believed) {
    if (head.origin !== begun.origin)
      throw new Unusable(`the tree head is of ${head.origin}, the export of ${begun.origin}`)
  }
  checkEnd({ begun, end, size, tree, logKeys, witnessKeys, refute, established, unestablished })

  const first = bad.toSorted((a, b) => a.upTo - b.upTo || b.index - a.index)[0]
  if (first === undefined) {
    established.unshift(`${size} entries, each hashing to its leaf, chained, and in order within their streams`)
    conclude({ believed, held, size, established, unestablished })
  }
  const proven = believed.some(({ found, size }) => size > 0 && found.length > 0)
  return {
    verdict: first !== undefined ? "refuted" : proven ? "proven" : "consistent",
    origin: begun.origin,
    entries: size,
    ...(first !== undefined && {
      firstBad: first.upTo === first.index + 1 ? first.index : null,
      between: [first.index, first.upTo],
      reason: first.reason,
      flaws: bad.slice(0, mostFlaws)
    }),
    established: first === undefined ? established : [],
    unestablished
  }
}

/** The head that the export itself ends with. */
const checkEnd = ({ begun, end, established, logKeys, refute, size, tree, unestablished, witnessKeys }) => {
  if (end === undefined) return refute(size, "the export does not end with a tree head")
  let head
  try {
    head = headIn(end)
  } catch {
    return refute(size, "the export's tree head is damaged")
  }
  const { forged, found } = signersOf(head, [...logKeys, ...witnessKeys])
  if (forged !== undefined) refute(size, `the export's own tree head has a signature that is not ${forged}'s`)
  if (head.origin !== begun.origin || begun.size !== head.size)
    refute(size, "the export's tree head is of another log or size")
  if (size < head.size)
    refute(size, "the log is shorter than the tree head that it was exported under: it was truncated")
  else if (size > head.size) refute(head.size, "the export holds more than its tree head")
  else if (!tree.root().equals(head.root))
    refute(0, `the log does not come to the export's own tree head ${brief(head)}`, size)
  if (logKeys.length === 0) unestablished.push("who signed the export's tree head: no key was given")
  else if (found.length === 0)
    unestablished.push("that the export's tree head is the log's: none of the keys signed it")
  else established.push(`the export's own tree head was signed by ${found.map(({ name }) => name).join(", ")}`)
}

const conclude = ({ believed, established, held, size, unestablished }) => {
  for (const head of believed) {
    const who = head.found.map(({ name, type }) => (type === 4 ? `the witness ${name}` : name)).join(", ")
    established.push(
      `the first ${head.size} entries are those of the tree head ${brief(head)}, ${who === "" ? "whose signature was not checked" : `signed by ${who}`}`
    )
  }
  if (held === 0) {
    unestablished.push("internally consistent, completeness unproven: no tree head that was kept elsewhere was given")
  } else if (held < size) {
    unestablished.push(`that nothing is missing behind entry ${held - 1}: the newest tree head given ends there`)
  }
  if (!believed.some(({ found }) => found.some(({ type }) => type === 4)))
    unestablished.push("that a witness has seen this log: no head given is cosigned under a key given")
}

const longestLine = 64 * 1024 * 1024

/** Lines end with a line feed and with nothing else: an entry may hold what others take for the end of a line. */
const linesOf = async function* (file) {
  let rest = Buffer.alloc(0)
  for await (const chunk of createReadStream(file)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
      yield rest.toString("utf8", from, end)
      from = end + 1
    }
    rest = rest.subarray(from)
    if (rest.length > longestLine) throw new Unusable("a line of the export is longer than any entry")
  }
  if (rest.length > 0) yield rest.toString("utf8")
}
const exits = { proven: 0, refuted: 2, consistent: 3 }

/** As people read it. */
export const toldOf = ({ between, entries, established, firstBad, origin, reason, unestablished, verdict }) =>
  [
    `${verdict === "consistent" ? "internally consistent, completeness unproven" : verdict}: ${origin}, ${entries} entries`,
    ...(verdict === "refuted"
      ? [
          firstBad === null
            ? `  first bad position: between ${between[0]} and ${between[1] - 1}`
            : `  first bad position: ${firstBad}`,
          `  ${reason}`
        ]
      : []),
    ...established.map((what) => `  established: ${what}`),
    ...unestablished.map((what) => `  not established: ${what}`)
  ].join("\n")

/** Files and keys in, a report and an exit code out. */
export const verifyFiles = async ({ earlier, file, heads = [], keys = [], quorum = 0, witnesses = [] }) => {
  const report = await verifyExport({
    lines: linesOf(file),
    heads: heads.map((head) => readFileSync(head, "utf8")),
    keys,
    witnesses,
    quorum,
    earlier: earlier === undefined ? undefined : linesOf(earlier)
  })
  return { report, exitCode: exits[report.verdict] }
}

const main = async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      head: { type: "string", multiple: true },
      key: { type: "string", multiple: true },
      witness: { type: "string", multiple: true },
      quorum: { type: "string", default: "0" },
      earlier: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  const [file] = positionals
  if (values.help || file === undefined || positionals.length > 1) {
    console.log(usage)
    return values.help ? 0 : 1
  }
  const { earlier, head: heads, key: keys, witness: witnesses } = values
  if (!/^\d{1,3}$/.test(values.quorum)) throw new Unusable("a quorum is a number of witnesses")
  const { exitCode, report } = await verifyFiles({
    file,
    heads,
    keys,
    witnesses,
    quorum: Number(values.quorum),
    earlier
  })
  console.log(values.json ? JSON.stringify(report) : toldOf(report))
  return exitCode
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().then(
    (code) => {
      process.exitCode = code
    },
    (error) => {
      console.error(`verify: ${error.message}`)
      process.exitCode = 1
    }
  )
}

import type { Dice } from "../crash/Dice.ts"

export interface Stanza {
  tag: string
  attrs: Record<string, string>
  content?: string | Uint8Array | Array<Stanza>
}

const oddWords: ReadonlyArray<string> = [
  "",
  "@",
  "a@",
  "@lid",
  "@g.us",
  "1:999@lid",
  "1:99@s.whatsapp.net",
  "_1@s.whatsapp.net",
  "1_1:1@hosted",
  "x@y@z",
  "-1",
  "NaN",
  "1e400",
  "99999999999999999999",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud83d\ude00",
  "x".repeat(300),
  "true",
  "status@broadcast",
  "15550001:1@s.whatsapp.net"
]

/**
 * Makes stanzas: each begins as one of a corpus and is changed in one to four places. Nothing that ends a stream by its
 * meaning comes out at the top: those words are obeyed, not feared.
 */
export const mutations = (dice: Dice, corpus: ReadonlyArray<Stanza>) => {
  const one = <A>(items: ReadonlyArray<A>): A => items[dice.below(items.length)]!
  const nodes = corpus.flatMap(allOf)
  const tags = [...new Set(nodes.map(({ tag }) => tag))]
  const names = [...new Set(nodes.flatMap(({ attrs }) => Object.keys(attrs)))]
  const values = [...new Set(nodes.flatMap(({ attrs }) => Object.values(attrs)))]
  const word = () => (dice.below(2) === 0 ? one(oddWords) : one(values))
  const bytes = () => Uint8Array.from({ length: dice.below(80) }, () => dice.below(256))

  const name = (node: Stanza) => one(Object.keys(node.attrs).concat(one(names)))
  const fillings = [
    bytes,
    () => one(oddWords),
    () => [],
    () => structuredClone([one(nodes), one(nodes)]),
    (node: Stanza) => [...(Array.isArray(node.content) ? node.content : []), structuredClone(one(nodes))]
  ]
  const changes: ReadonlyArray<(node: Stanza) => void> = [
    (node) => {
      node.attrs[name(node)] = word()
    },
    (node) => {
      delete node.attrs[name(node)]
    },
    (node) => {
      delete node.content
    },
    (node) => {
      node.content = one(fillings)(node)
    },
    (node) => {
      node.tag = one(tags)
    }
  ]

  return (id: string): Stanza => {
    const stanza = structuredClone(one(corpus))
    const { tag } = stanza
    stanza.attrs.id = id
    for (let left = dice.between(0, 4); left > 0; left--) one(changes)(one(allOf(stanza)))
    if (!corpus.some((known) => known.tag === stanza.tag)) stanza.tag = tag
    if (dice.below(16) === 0) stanza.attrs.offline = "1"
    return stanza
  }
}

const allOf = (node: Stanza): Array<Stanza> => [
  node,
  ...(Array.isArray(node.content) ? node.content.flatMap(allOf) : [])
]

import { createPublicKey, verify } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { concat, hex, utf8 } from "../Bytes.ts"
import { cosign, cosignedAt, cosignedBy } from "./Cosignature.ts"
import {
  isSignedBy,
  type NoteKey,
  type NoteSigner,
  noteIn,
  noteKeyIn,
  noteText,
  type SignatureType,
  signNote,
  verifierKey
} from "./Note.ts"
import { headIn, headText, openHead } from "./TreeHead.ts"

/** Go's `golang.org/x/mod/sumdb/note`: its example, and the seed of its key. */
const published = {
  key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  seed: "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
}

const signerOf = (name: string, type: SignatureType, seed: Uint8Array): NoteSigner => {
  const { key, publicKey } = crypto.signingKey(seed)
  return { name, type, key, publicKey: Uint8Array.from(publicKey) }
}
const log = signerOf("log.example/a", 1, new Uint8Array(32).fill(1))
const witness = signerOf("witness.example/w1", 4, new Uint8Array(32).fill(2))
const head = { origin: log.name, size: 7, root: crypto.sha256(utf8("root")) }
const text = headText(head)
const signed = Effect.map(signNote(crypto, log, text), (line) => noteText({ text, signatures: [line] }))

describe("a note", () => {
  it.effect("is the published one, byte for byte, and is believed under its key alone", () =>
    Effect.gen(function* () {
      const whole = `${published.text}\n${published.line}`
      const key = noteKeyIn(crypto, published.key)!
      assert.strictEqual(verifierKey(crypto, key), published.key)
      const note = noteIn(whole)!
      assert.strictEqual(note.text, published.text)
      assert.isTrue(yield* isSignedBy(crypto, note, key))
      const seed = Uint8Array.fromBase64(published.seed).subarray(1)
      const own = yield* signNote(crypto, signerOf("PeterNeumann", 1, seed), published.text)
      assert.strictEqual(noteText({ text: published.text, signatures: [own] }), whole)
      assert.isFalse(yield* isSignedBy(crypto, note, log))
      assert.isFalse(yield* isSignedBy(crypto, { ...note, text: note.text.replace("your", "my") }, key))
    })
  )

  it("has keys that are published for cosignatures, and none that was changed", () => {
    const remora = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    for (const key of [remora, "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"]) {
      assert.strictEqual(verifierKey(crypto, noteKeyIn(crypto, key)!), key)
      for (let i = 0; i < key.length; i++) {
        assert.isUndefined(noteKeyIn(crypto, key.slice(0, i)))
        assert.isUndefined(noteKeyIn(crypto, key.slice(0, i) + (key[i] === "A" ? "B" : "A") + key.slice(i + 1)))
      }
    }
  })

  it.effect("may hold empty lines, and signatures of strangers; what is no note is none", () =>
    Effect.gen(function* () {
      const poem = "one\n\ntwo\n"
      const [line, other] = [yield* signNote(crypto, log, poem), yield* signNote(crypto, witness, poem)]
      const whole = noteText({ text: poem, signatures: [other, line] })
      const note = noteIn(whole)!
      assert.strictEqual(note.text, poem)
      assert.isTrue(yield* isSignedBy(crypto, note, log))
      const forged = { ...line, signature: line.signature.with(0, line.signature[0]! ^ 1) }
      assert.isFalse(yield* isSignedBy(crypto, { ...note, signatures: [line, forged] }, log))
      const bent = [
        whole.slice(0, -1),
        whole.replace("— ", "- "),
        `${whole}\n`,
        whole.replace("one", "o\rne"),
        "\ud800"
      ]
      for (const bad of [...bent, whole.replace("=", ""), poem, "", `${poem}\n`]) {
        assert.isUndefined(noteIn(bad), bad)
      }
    })
  )
})

describe("a tree head", () => {
  it("is read as C2SP tlog-checkpoint has it, and in no other way", () => {
    const example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    const read = headIn(example)!
    assert.deepStrictEqual([read.origin, read.size], ["example.com/behind-the-sofa", 20_852_163])
    assert.strictEqual(headText(read), example)
    assert.strictEqual(headIn(`${example}more\n`)?.size, 20_852_163)
    const [, size, root] = example.split("\n") as [string, string, string]
    const bad = ["01", "+1", "-1", "1.0", "", "9007199254740993", "1 "].map((other) => example.replace(size, other))
    const roots = [root.slice(4), `${root.slice(0, -2)}J=`, root.replace("/", "_"), `${root}=`]
    const others = [...bad, ...roots.map((other) => example.replace(root, other)), `\n${example}`, `${example}\n`]
    for (const text of [...others, example.slice(0, -1), example.split("\n").slice(0, 2).join("\n")]) {
      assert.isUndefined(headIn(text), text)
    }
  })

  it.effect("is believed of its own log, under one of its keys", () =>
    Effect.gen(function* () {
      const other: NoteKey = { ...log, publicKey: witness.publicKey }
      const note = yield* signed
      const open = (origin: string, keys: ReadonlyArray<NoteKey>) => openHead(crypto, note, origin, keys)
      assert.deepStrictEqual((yield* open(log.name, [other, log]))?.head, head)
      assert.isUndefined(yield* open(log.name, [other]))
      assert.isUndefined(yield* open(log.name, []))
      assert.isUndefined(yield* open("log.example/b", [log]))
      assert.isUndefined(yield* openHead(crypto, note.replace("\n7\n", "\n8\n"), log.name, [log]))
    })
  )
})

describe("a cosignature", () => {
  it.effect("is a witness' word of a time, under the note, and verifies where nothing of this is known", () =>
    Effect.gen(function* () {
      const line = yield* cosign(crypto, witness, text, 1_679_315_147)
      const note = noteIn(noteText({ text, signatures: [...noteIn(yield* signed)!.signatures, line] }))!
      assert.strictEqual(yield* cosignedBy(crypto, note, witness), 1_679_315_147)
      const raw = concat(utf8(`cosignature/v1\ntime 1679315147\n`), utf8(text))
      const spki = concat(Uint8Array.fromHex("302a300506032b6570032100"), witness.publicKey)
      const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
      assert.isTrue(verify(null, raw, key, line.signature.subarray(8)))
      assert.strictEqual(hex(line.signature.subarray(0, 8)), "00000000641850cb")
      assert.isUndefined(yield* cosignedBy(crypto, { ...note, text: text.replace("7", "8") }, witness))
      const later = { ...line, signature: line.signature.with(7, 0) }
      assert.isUndefined(yield* cosignedBy(crypto, { ...note, signatures: [line, later] }, witness))
      assert.isUndefined(yield* cosignedBy(crypto, { ...note, signatures: [] }, witness))
      assert.isUndefined(yield* cosignedBy(crypto, note, { ...witness, type: 1 }))
    })
  )

  it("says its time, as published by transparency-dev/formats", () => {
    const line =
      "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
    const signature = Uint8Array.fromBase64(line).subarray(4)
    assert.strictEqual(cosignedAt({ signature }), 1_727_964_367)
    assert.isUndefined(cosignedAt({ signature: signature.subarray(1) }))
    assert.isUndefined(cosignedAt({ signature: signature.with(0, 255) }))
  })
})

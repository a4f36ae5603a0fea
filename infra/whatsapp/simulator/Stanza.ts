import type { BinaryNode } from "@whiskeysockets/baileys"
import { Schema } from "effect"

const Text = Schema.String.check(Schema.isMaxLength(4096))

/** A stanza as JSON has it: content is a text or more stanzas. */
export const Stanza: Schema.Codec<BinaryNode> = Schema.Struct({
  tag: Text.check(Schema.isNonEmpty()),
  attrs: Schema.Record(Text, Text),
  content: Schema.optionalKey(
    Schema.Union([Text, Schema.mutable(Schema.Array(Schema.suspend((): Schema.Codec<BinaryNode> => Stanza)))])
  )
})

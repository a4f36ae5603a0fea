import { Option, Schema } from "effect"
import { gistOf, nameOf } from "./Gist.ts"
import { besides, Heard, HeardContent, Target } from "./Heard.ts"

/** What was heard as whoever heard it says it, who may be of a newer release: nothing of it is left out for being new. */

/** What was said, with every member that it has. Of its shape nothing is known but that it has a kind. */
export const WholeContent = Schema.StructWithRest(
  Schema.Struct({ type: Schema.String.check(Schema.isNonEmpty(), Schema.isMaxLength(64)) }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type WholeContent = typeof WholeContent.Type

export const WholeHeard = Schema.Struct({ ...Heard.fields, content: WholeContent })
export type WholeHeard = typeof WholeHeard.Type

const decodeContent = Schema.decodeUnknownOption(HeardContent)
const decodeTarget = Schema.decodeUnknownOption(Target)

/** WhatsApp's names of what is encrypted under another message's secret. */
const sealedNames: ReadonlySet<unknown> = new Set(["encCommentMessage", "encReactionMessage", "secretEncryptedMessage"])
const isSealed = ({ chosen, name, type }: WholeContent) =>
  (type === "vote" && chosen === undefined) || (type === "other" && sealedNames.has(name))

/**
 * What is the same of it each time, what it is about, and whether it waits for a secret; of what this release has no words
 * for as well.
 */
export const understood = (whole: WholeContent) => {
  const content = Option.getOrUndefined(decodeContent(whole))
  if (content !== undefined) {
    const target = "target" in content ? content.target : undefined
    return {
      gist: gistOf(content),
      target,
      isAdmins: content.type === "deletion" && content.byAdmin === true,
      isSealed: isSealed(whole)
    }
  }
  const target = Option.getOrUndefined(decodeTarget(whole.target))
  const words = Object.fromEntries(Object.entries(whole).filter(([member]) => !besides.has(member)))
  return { gist: { ...words, ...(target && { target: nameOf(target) }) }, target, isAdmins: false, isSealed: false }
}

import type { Json, JsonObject } from "../Json.ts"
import { isList, isNumber, isObject } from "../meta/MetaJson.ts"

/** Which members are left out of what is archived: each by its name, or by that and the names around it. */
export type Masks = ReadonlyArray<ReadonlyArray<string>>

export const mask = "(masked)"

const rule = /^[\w-]{1,64}(\.[\w-]{1,64}){0,7}$/

/** `text.body, profile.name`: members of these names, wherever they stand; `undefined` for what is no such list. */
export const masksIn = (text: string): Masks | undefined => {
  const rules = text.split(",").map((one) => one.trim())
  return rules.every((one) => rule.test(one)) ? [...new Set(rules)].map((one) => one.split(".")) : undefined
}

const isEnd = (path: ReadonlyArray<string>, names: ReadonlyArray<string>) =>
  names.length <= path.length && names.every((name, i) => path[path.length - names.length + i] === name)

/** The same with these members masked, and every other as it was. Lists are no part of a path. */
export const masked = (value: JsonObject, masks: Masks): JsonObject => {
  const within = (value: Json | undefined, path: ReadonlyArray<string>): Json | undefined => {
    if (isList(value)) return value.map((one) => within(one, path)!)
    if (!isObject(value) || isNumber(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const here = [...path, name]
        return [name, masks.some((names) => isEnd(here, names)) ? mask : within(member, here)]
      })
    )
  }
  return within(value, []) as JsonObject
}

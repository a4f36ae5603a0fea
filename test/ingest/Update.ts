/** What Meta tells, in its own words and shapes, and what has to be told of it: by Meta's documentation and that of the API. */

/** JSON as Meta writes it: numbers too, some of which only a text can hold. */
export type Words = { readonly [name: string]: unknown }

export interface Metadata {
  readonly display_phone_number: string
  readonly phone_number_id: string
}

export interface Person {
  /** Digits. */
  readonly phone: string | undefined
  readonly bsuid: string | undefined
  readonly contact: Words
}

/** How it stands in a request: in a list beside others, or as the value of a change, an entry, or all of it. */
type Form =
  | {
      readonly form: "item"
      readonly member: string
      readonly item: Words
      readonly metadata: Metadata
      readonly contact: Words | undefined
      /** Its contact has the number in another spelling: nothing stands beside it. */
      readonly isAlone: boolean
    }
  | { readonly form: "value"; readonly value: Words; readonly metadata: Metadata | undefined }
  | { readonly form: "entry"; readonly entry: Words }
  | { readonly form: "payload"; readonly payload: Words }

export const apps = ["default", "shop"] as const
export type App = (typeof apps)[number]

/** One thing that Meta tells, however often. */
export type Update = Form & {
  /** Stands in what it says, and in nothing else. */
  readonly mark: string
  readonly app: App
  readonly account: string | undefined
  readonly field: string
  /** The last but one word of its public type. */
  readonly kind: string
  readonly person?: Person
  readonly group?: string
  readonly status?: string
  /** Seconds since 1970, where Meta says when. */
  readonly at?: number
  /** The message that it is, and the one that it is about, by Meta's id. */
  readonly own?: string
  readonly about?: string
  /** Another one has the same name with Meta, and says something else: the mark of both. */
  readonly rivalry?: string
}

export const object = "whatsapp_business_account"

const markOf = (n: number) => `Q${n}Z`
export const marks = { of: markOf, in: (text: string) => new Set(text.match(/Q\d+Z/g)) }

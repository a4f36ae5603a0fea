/** What is there of these. */
export const present = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: Exclude<Fields[Name], undefined>
  }

/** A label is cut where it is too long; what people have written is not. */
export const label = (text: string | null | undefined, most: number): string | undefined =>
  text ? text.slice(0, most).toWellFormed() : undefined

export const words = (text: string | null | undefined): string | undefined => (text ? text.toWellFormed() : undefined)

/** protobuf's numbers of 64 bits are objects. */
export const natural = (value: unknown): number | undefined => {
  const number = value == null ? Number.NaN : Number(String(value))
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

export const flag = (value: unknown): true | undefined => (value === true ? true : undefined)

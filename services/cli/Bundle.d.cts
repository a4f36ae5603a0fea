export const bundle: () => string | undefined
export const madeOf: string
export const sources: () => string

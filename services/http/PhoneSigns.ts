/** What may stand between digits; with the spaces, marks that nobody sees come along when a number is copied. */
const between = /[\p{Zs}\p{Cf}\p{DI}\p{Pd}()[\]（）［］./．／·~⁓∼～−ー]/gu
/** Of the three sets of digits, each begins at a multiple of 16. */
const otherDigits = /[٠-٩۰-۹０-９]/g
const asciiDigit = (digit: string) => String(digit.charCodeAt(0) & 15)

/** Digits, after a plus if there is one: the same for every way of writing them. `undefined` where there is more. */
export const phoneSigns = (written: string): string | undefined => {
  const signs = written.trim().replace(between, "").replace(otherDigits, asciiDigit).replace(/^＋/, "+")
  return /^\+?\d+$/.test(signs) ? signs : undefined
}

import { renderUnicodeCompact } from "uqr"

/** A QR code for the terminal, two rows of modules a line, dark on light whatever the terminal's colours are. */
export const render = (text: string): string =>
  renderUnicodeCompact(text, { border: 2 })
    .split("\n")
    .map((line) => `\x1b[30;107m${line}\x1b[0m`)
    .join("\n")

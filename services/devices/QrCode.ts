import { encode, renderSVG, renderUnicodeCompact } from "uqr"

/**
 * Pictures of a QR code: dark on light, with the quiet zone of four modules around it that ISO/IEC 18004 asks for. A
 * scanner need not read one without.
 */
const border = 4

/**
 * For a terminal, two rows of modules a line. Its blocks are the light modules, so white is written on black, in colours
 * of the fixed palette: the first sixteen are the terminal's own.
 */
export const toTerminal = (text: string): string =>
  renderUnicodeCompact(text, { border })
    .split("\n")
    .map((line) => `\x1b[38;5;231;48;5;16m${line}\x1b[0m`)
    .join("\n")

export const toSvg = (text: string): string => renderSVG(text, { border })

const pixelsPerModule = 8

/** Loaded when the first picture is asked for. */
export const toPng = async (text: string): Promise<Uint8Array> => {
  const { PNG } = (await import("pngjs")).default
  const { data, size } = encode(text, { border })
  const width = size * pixelsPerModule
  const grey = { colorType: 0, inputColorType: 0, inputHasAlpha: false } as const
  const picture = new PNG({ ...grey, width, height: width })
  for (let y = 0; y < width; y++) {
    const row = data[Math.floor(y / pixelsPerModule)]!
    for (let x = 0; x < width; x++) picture.data[y * width + x] = row[Math.floor(x / pixelsPerModule)] ? 0 : 255
  }
  return PNG.sync.write(picture, grey)
}

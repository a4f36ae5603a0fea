import { encode, renderSVG, renderUnicodeCompact } from "uqr"

/**
 * Pictures of a QR code: dark on light, with the quiet zone of four modules around it that ISO/IEC 18004 asks for. A
 * scanner need not read one without.
 */
const border = 4

/**
 * For a terminal. Its blocks are the light modules, so white is written on black, in colours of the fixed palette: the
 * first sixteen are the terminal's own. Two rows of modules a line make squares; where these need more than `rows`, with
 * a line for what is said below and one for the cursor, it is three, which are flatter and read all the same.
 */
export const toTerminal = (text: string, rows = Number.POSITIVE_INFINITY): string => {
  const tall = renderUnicodeCompact(text, { border }).split("\n")
  const lines = tall.length + 2 <= rows ? tall : inThirds(text)
  return lines.map((line) => `\x1b[38;5;231;48;5;16m${line}\x1b[0m`).join("\n")
}

/** Without colours, so for whoever reads light on dark. */
export const toText = (text: string): string => renderUnicodeCompact(text, { border })

/** Half the quiet zone: else WhatsApp's codes, of 61 modules, would not fit into 24 lines. */
const narrow = 2

const inThirds = (text: string): ReadonlyArray<string> => {
  const { data, size } = encode(text, { border: narrow })
  const isLight = (x: number, y: number) => data[y]?.[x] !== true
  return Array.from({ length: Math.ceil(size / 3) }, (_, line) =>
    Array.from({ length: Math.ceil(size / 2) }, (_, column) => {
      const [x, y] = [column * 2, line * 3]
      const cells = [0, 1, 2].flatMap((down) => [isLight(x, y + down), isLight(x + 1, y + down)])
      return sextant(cells.reduce((bits, light, i) => bits | (light ? 1 << i : 0), 0))
    }).join("")
  )
}

/** A block of two by three, lit where a bit is set, row by row. Unicode has four of them elsewhere. */
const sextant = (bits: number): string => {
  const older = ({ 0: " ", 21: "▌", 42: "▐", 63: "█" } as Record<number, string>)[bits]
  return older ?? String.fromCodePoint(0x1fb00 + bits - 1 - (bits > 21 ? 1 : 0) - (bits > 42 ? 1 : 0))
}

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

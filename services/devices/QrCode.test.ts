import { assert, describe, it } from "@effect/vitest"
import jsqr from "jsqr"
import { PNG } from "pngjs"
import * as QrCode from "./QrCode.ts"

const decode = jsqr as unknown as typeof jsqr.default

/** As long as those of WhatsApp. */
const text = `https://wa.me/settings/linked_devices#2@${"aB3+/".repeat(52)}==,1`

/** A picture as a scanner sees it, on a wall of the opposite colour: only its own quiet zone sets it off. */
const scan = (dark: ReadonlyArray<ReadonlyArray<boolean>>) => {
  const pixels = 4
  const width = dark[0]!.length * pixels
  const height = dark.length * pixels
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shade = dark[Math.floor(y / pixels)]![Math.floor(x / pixels)] ? 0 : 255
      data.set([shade, shade, shade, 255], (y * width + x) * 4)
    }
  }
  return decode(data, width, height, { inversionAttempts: "dontInvert" })?.data
}

/** Whether each half of each cell is dark, painted as a terminal does. */
const painted = (output: string) =>
  output.split("\n").flatMap((line) => {
    const [, coloured = ""] = line.split("\u001b[")
    const [, ink, paper, cells] = /^(38;5;\d+|\d+);(48;5;\d+|\d+)m(.*)$/.exec(coloured)!
    const isDark = (colour: string) => ["30", "40", "38;5;16", "48;5;16"].includes(colour)
    const halves: Record<string, readonly [boolean, boolean]> = {
      "█": [true, true],
      "▀": [true, false],
      "▄": [false, true],
      " ": [false, false]
    }
    return [0, 1].map((half) => [...cells!].map((cell) => isDark(halves[cell]![half]! ? ink! : paper!)))
  })

/** Which modules are dark in cells of two by three that are lit with white. */
const thirds = (lines: ReadonlyArray<string>) =>
  lines.flatMap((line) => {
    const cells = [...line].map((cell) => {
      const older = [" ", "▌", "▐", "█"].indexOf(cell)
      if (older >= 0) return [0, 21, 42, 63][older]!
      const n = cell.codePointAt(0)! - 0x1fb00 + 1
      return n + (n >= 21 ? 1 : 0) + (n >= 41 ? 1 : 0)
    })
    return [0, 1, 2].map((row) => cells.flatMap((bits) => [0, 1].map((x) => (bits & (1 << (row * 2 + x))) === 0)))
  })

/** The middle of each module of a picture in pixels. */
const sampled = ({ data, height, width }: PNG) => {
  const module = 8
  const at = (y: number, x: number) => data[((y + 0.5) * module * width + (x + 0.5) * module) * 4]! < 128
  return Array.from({ length: height / module }, (_, y) => Array.from({ length: width / module }, (_, x) => at(y, x)))
}

/** The picture is dark squares on one light one. */
const drawn = (svg: string) => {
  const module = 10
  const size = Number(/viewBox="0 0 (\d+) /.exec(svg)![1]) / module
  const dark = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  for (const [, x, y] of svg.matchAll(/M(\d+),(\d+)h10v10h-10z/g)) dark[Number(y) / module]![Number(x) / module] = true
  return dark
}

const rim = (dark: ReadonlyArray<ReadonlyArray<boolean>>) => dark.findIndex((row) => row.includes(true))

describe("a QR code is read by a scanner that does not try it inverted, and has a quiet zone of four", () => {
  const holds = (dark: ReadonlyArray<ReadonlyArray<boolean>>) => {
    assert.strictEqual(scan(dark), text)
    assert.strictEqual(rim(dark), 4)
    assert.strictEqual(dark[4]!.indexOf(true), 4)
    assert.isUndefined(scan(dark.map((row) => row.map((module) => !module))))
  }

  it("in a terminal", () => {
    const output = QrCode.toTerminal(text)
    holds(painted(output))
    assert.isAtMost(painted(output)[0]!.length, 80)
  })

  it("as text alone, light on dark", () => {
    const output = QrCode.toText(text)
    assert.match(output, /^[ ▀▄█\n]+$/)
    const coloured = output.split("\n").map((line) => `\u001b[38;5;231;48;5;16m${line}\u001b[0m`)
    holds(painted(coloured.join("\n")))
  })

  it("in a terminal of 80 by 24, with a line below it", () => {
    const lines = QrCode.toTerminal(text, 24)
      .split("\n")
      .map((line) => line.slice(line.indexOf("m") + 1, -"\u001b[0m".length))
    assert.isAtMost(lines.length, 22)
    assert.isAtMost([...lines[0]!].length, 80)
    const dark = thirds(lines)
    assert.strictEqual(rim(dark), 2)
    // a cell is twice as high as wide
    const wide = dark.flatMap((row) => Array(4).fill(row.flatMap((module) => Array(3).fill(module) as Array<boolean>)))
    assert.strictEqual(scan(wide), text)
    assert.strictEqual(QrCode.toTerminal(text, 40), QrCode.toTerminal(text))
  })

  it("as PNG", async () => {
    holds(sampled(PNG.sync.read(Buffer.from(await QrCode.toPng(text)))))
  })

  it("as SVG", () => {
    const svg = QrCode.toSvg(text)
    assert.match(svg, /<rect fill="white" width="\d+" height="\d+"\/>/)
    holds(drawn(svg))
  })
})

const lengthBytes = 3

/** Prefixes a frame with its length: three bytes, big-endian. */
export const toFrame = (bytes: Uint8Array): Buffer => {
  const framed = Buffer.alloc(lengthBytes + bytes.byteLength)
  framed.writeUIntBE(bytes.byteLength, 0, lengthBytes)
  framed.set(bytes, lengthBytes)
  return framed
}

/** Takes whole frames off the front of these bytes, and returns what is left. */
export const cutFrames = (bytes: Buffer): { readonly frames: ReadonlyArray<Buffer>; readonly rest: Buffer } => {
  const frames: Array<Buffer> = []
  let rest = bytes
  while (rest.byteLength >= lengthBytes) {
    const end = lengthBytes + rest.readUIntBE(0, lengthBytes)
    if (rest.byteLength < end) break
    frames.push(rest.subarray(lengthBytes, end))
    rest = rest.subarray(end)
  }
  return { frames, rest }
}

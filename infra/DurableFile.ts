import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

/** Durable when it returns; after a crash the old text or the new one is there, whole. For its owner's eyes alone. */
export const writeDurably = (file: string, text: string) => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.tmp`
  rmSync(temporary, { force: true })
  durably(temporary, "wx", (fd) => writeFileSync(fd, text))
  renameSync(temporary, file)
  durably(dirname(file), "r", () => {})
}

const durably = (path: string, flags: string, act: (fd: number) => void) => {
  const fd = openSync(path, flags, 0o600)
  try {
    act(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

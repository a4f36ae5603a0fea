import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { Effect, Layer, Redacted } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { SecretVault, SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import { isThere } from "../Openable.ts"

const secretLength = 32
const slug = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/
const othersBits = 0o077

/**
 * One file per secret in a folder that only its owner may enter. Synchronous: secrets are obtained while a program
 * starts, and nothing else of the process comes between looking for a secret and making it.
 */
const make = Effect.fnUntraced(function* (folder: string) {
  const crypto = yield* Crypto

  const fileOf = (name: string) => {
    if (!slug.test(name)) throw new Error("the name of a secret is a slug: a-z, 0-9 and dashes, 32 characters at most")
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    refuseIfOthersMay(folder, statSync(folder).mode)
    return join(folder, name)
  }
  const obtain = (name: string): Redacted.Redacted<Uint8Array> => {
    const file = fileOf(name)
    if (!isThere(file)) create(file)
    const secret = bytesIn(file)
    // Also of a secret that was there: who made it may have died before it was durable.
    syncFolder(folder)
    syncFolder(dirname(folder))
    return Redacted.make(secret, { label: name })
  }

  /** The whole secret or none, under its name; another process's stays. */
  const create = (file: string) => {
    const temporary = `${file}.${Buffer.from(crypto.random(8)).toString("hex")}.tmp`
    try {
      const fd = openSync(temporary, "wx", 0o600)
      try {
        writeFileSync(fd, crypto.random(secretLength))
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
      linkSync(temporary, file) // a rename would replace a secret made meanwhile
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
    } finally {
      rmSync(temporary, { force: true })
    }
  }

  const trying = <A>(name: string, run: () => A) =>
    Effect.try({ try: run, catch: (cause) => new SecretVaultUnavailable({ name, cause }) })

  return SecretVault.of({
    obtain: (name) => trying(name, () => obtain(name)),
    find: (name) => trying(name, () => (isThere(fileOf(name)) ? obtain(name) : undefined))
  })
})

/** A secret as it stands in the folder, which nothing is done to. */
export const read = (folder: string, name: string): Redacted.Redacted<Uint8Array> =>
  Redacted.make(bytesIn(join(folder, name)), { label: name })

const bytesIn = (file: string): Uint8Array => {
  const fd = openSync(file, "r")
  try {
    const { mode, size } = fstatSync(fd)
    refuseIfOthersMay(file, mode)
    if (size !== secretLength)
      throw new Error(`${file} is damaged: ${size} bytes, not ${secretLength}. Restore it from a backup`)
    return new Uint8Array(readFileSync(fd))
  } finally {
    closeSync(fd)
  }
}

const refuseIfOthersMay = (path: string, mode: number) => {
  if ((mode & othersBits) === 0) return
  const octal = (mode & 0o777).toString(8)
  throw new Error(
    `${path} is open to other users (mode ${octal}): what is in it may be known. Its owner alone may have access: exchange it if somebody may have seen it, then chmod go= ${path}`
  )
}

const syncFolder = (folder: string) => {
  const fd = openSync(folder, "r")
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export const layer = (folder: string) => Layer.effect(SecretVault, make(folder))

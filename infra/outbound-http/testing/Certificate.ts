import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { Effect } from "effect"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"

/** For these names, `DNS:hooks.example` say, and signed by nobody but itself. */
export const certificate = Effect.fnUntraced(function* (names: string) {
  const directory = yield* temporaryDirectory
  const [keyFile, certFile] = [join(directory, "key.pem"), join(directory, "cert.pem")]
  const make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`]
  execFileSync("openssl", [...make, ...subject, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" })
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") }
})

/** By this process, until the scope ends. */
export const trusting = (cert: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = getCACertificates("default")
      setDefaultCACertificates([...before, cert])
      return before
    }),
    (before) => Effect.sync(() => setDefaultCACertificates(before))
  )

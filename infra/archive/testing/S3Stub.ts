import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

/** What S3 says of a bucket, by its public documentation: one bucket, whose objects are under lock or refused. */

export interface Stored {
  readonly body: string
  readonly mode: string
  readonly until: string
}

export interface Bucket {
  readonly url: string
  readonly objects: ReadonlyMap<string, Stored>
  /** What was wrong with a request, which was refused for it. */
  readonly flaws: ReadonlyArray<string>
  readonly puts: () => number
  /** How it answers from now on. */
  readonly be: (how: Partial<Behaviour>) => void
}

interface Behaviour {
  /** `undefined`: it has something to say of locks, and not that there is one. */
  readonly isLocked: boolean | undefined
  /** To everything. */
  readonly status: number | undefined
  /** Whether it knows `If-None-Match`: without that it refuses to replace what is under lock, in words of its own. */
  readonly isConditional: boolean
  /** The object is there, and nobody hears of it. */
  readonly isCutOff: boolean
}

const bucket = "/archive"
const region = "eu-central-1"

const error = (response: ServerResponse, status: number, code: string) => {
  response.writeHead(status, { "content-type": "application/xml" })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}

const digest = (algorithm: string, body: Buffer, as: "base64" | "hex") => createHash(algorithm).update(body).digest(as)

/** What a request to put something under lock lacks. */
const flawIn = ({ headers }: IncomingMessage, body: Buffer): string | undefined => {
  const authorization = headers.authorization ?? ""
  const signed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$/
  const found = signed.exec(authorization)
  if (found === null) return "no SigV4"
  if (found[1] !== "writer" || found[2] !== region) return "signed by somebody else, or for elsewhere"
  const names = found[3]!.split(";")
  const needed = ["host", "content-md5", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-date"]
  const unsigned = needed.find((name) => !names.includes(name))
  if (unsigned !== undefined) return `${unsigned} is not signed`
  if (headers["x-amz-content-sha256"] !== digest("sha256", body, "hex")) return "another sha256 than the body's"
  if (headers["content-md5"] !== digest("md5", body, "base64")) return "another md5 than the body's"
  if (!/^(COMPLIANCE|GOVERNANCE)$/.test(String(headers["x-amz-object-lock-mode"]))) return "no lock"
  const until = Date.parse(String(headers["x-amz-object-lock-retain-until-date"]))
  return Number.isFinite(until) ? undefined : "no end of the lock"
}

/** Listens on this machine until the scope closes. */
export const s3Stub = Effect.acquireRelease(
  Effect.promise(async () => {
    const objects = new Map<string, Stored>()
    const flaws: Array<string> = []
    let puts = 0
    let how: Behaviour = { isLocked: true, status: undefined, isConditional: true, isCutOff: false }

    const put = (request: IncomingMessage, response: ServerResponse, key: string, body: Buffer) => {
      puts++
      const { headers } = request
      const flaw = flawIn(request, body)
      if (flaw !== undefined) {
        flaws.push(flaw)
        return error(response, 400, "InvalidRequest")
      }
      if (objects.has(key)) {
        if (how.isConditional && headers["if-none-match"] === "*") return error(response, 412, "PreconditionFailed")
        return error(response, 403, "AccessDenied")
      }
      const said = (name: string) => String(headers[name])
      objects.set(key, {
        body: body.toString(),
        mode: said("x-amz-object-lock-mode"),
        until: said("x-amz-object-lock-retain-until-date")
      })
      if (how.isCutOff) return void request.socket.destroy()
      response.writeHead(200, { etag: '"1"' }).end()
    }

    const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => {
      const { pathname, searchParams } = new URL(request.url!, "http://stub")
      if (how.status !== undefined)
        return error(response, how.status, how.status === 403 ? "AccessDenied" : "InternalError")
      if (!pathname.startsWith(bucket)) return error(response, 404, "NoSuchBucket")
      if (request.method === "GET" && searchParams.has("object-lock")) {
        if (how.isLocked === false) return error(response, 404, "ObjectLockConfigurationNotFoundError")
        response.writeHead(200, { "content-type": "application/xml" })
        const said = how.isLocked ? "<ObjectLockEnabled>Enabled</ObjectLockEnabled>" : ""
        return void response.end(`<ObjectLockConfiguration>${said}</ObjectLockConfiguration>`)
      }
      const key = decodeURIComponent(pathname.slice(bucket.length + 1))
      if (request.method === "PUT") return put(request, response, key, body)
      response.writeHead(request.method === "HEAD" && objects.has(key) ? 200 : 404).end()
    }

    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk) => chunks.push(chunk))
      request.on("end", () => answer(request, response, Buffer.concat(chunks)))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const made: Bucket = {
      url: `http://127.0.0.1:${port}`,
      objects,
      flaws,
      puts: () => puts,
      be: (other) => {
        how = { ...how, ...other }
      }
    }
    return { made, server }
  }),
  ({ server }) => Effect.sync(() => void server.close().closeAllConnections())
).pipe(Effect.map(({ made }) => made))

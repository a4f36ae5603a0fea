import type { CompanionKeys } from "./Companion.ts"
import type { Connection } from "./Connection.ts"

/** A client that has shown its keys and waits for a phone to link it. */
export interface Registration {
  readonly connection: Connection
  readonly keys: CompanionKeys
}

/** The last part of pairing by code: keys under the shared secret, and whose they are. */
export interface CodeAnswer {
  readonly bundle: Buffer
  readonly identity: Buffer
}

/** A client that asked for a pairing code. */
export interface CodeRequest {
  readonly registration: Registration
  readonly ref: Buffer
  readonly wrappedEphemeral: Buffer
  /** What the phone waits for, once a code has been typed in. */
  answer: PromiseWithResolvers<CodeAnswer> | undefined
}

/** Where phones find the clients that wait for them: by the reference in the QR code, or by the phone's number. */
export class PairingDesk {
  readonly #byRef = new Map<string, Registration>()
  readonly #byNumber = new Map<string, CodeRequest>()
  readonly #awaited = new Map<string, (request: CodeRequest) => void>()

  offer(ref: string, registration: Registration) {
    this.#byRef.set(ref, registration)
  }

  byRef(ref: string): Registration | undefined {
    return this.#byRef.get(ref)
  }

  registrationOf(connection: Connection): Registration | undefined {
    return [...this.#byRef.values()].find((registration) => registration.connection === connection)
  }

  requestOf(connection: Connection): CodeRequest | undefined {
    return [...this.#byNumber.values()].find(({ registration }) => registration.connection === connection)
  }

  ask(number: string, request: CodeRequest) {
    this.#byNumber.set(number, request)
    this.#awaited.get(number)?.(request)
    this.#awaited.delete(number)
  }

  /** Waits for the request: a client shows the code before its request has arrived. Rejects after `timeoutMs`. */
  byNumber(number: string, timeoutMs: number): Promise<CodeRequest> {
    const request = this.#byNumber.get(number)
    if (request) return Promise.resolve(request)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#awaited.delete(number)
        reject(new Error("no client asked for a pairing code for this number"))
      }, timeoutMs)
      this.#awaited.set(number, (arrived) => {
        clearTimeout(timer)
        resolve(arrived)
      })
    })
  }

  /** Forgets a client that has gone. */
  forget(connection: Connection) {
    for (const [ref, registration] of this.#byRef) if (registration.connection === connection) this.#byRef.delete(ref)
    for (const [number, { registration, answer }] of this.#byNumber) {
      if (registration.connection !== connection) continue
      this.#byNumber.delete(number)
      answer?.reject(new Error("the client closed the connection"))
    }
  }
}

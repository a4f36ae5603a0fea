const ids = new WeakMap<object, string>()

/** The request's name in the log and in a problem with status 500; made when somebody first asks for it. */
export const requestIdOf = (request: object): string => {
  let id = ids.get(request)
  if (id === undefined) {
    id = globalThis.crypto.randomUUID()
    ids.set(request, id)
  }
  return id
}

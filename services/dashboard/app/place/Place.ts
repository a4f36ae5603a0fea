import { useSyncExternalStore } from "react"

/** Where in the dashboard somebody is: behind the `#`, so that no server and no log sees it. `#/messages/<id>?status=failed` */
export interface Place {
  /** `["messages", "<id>"]` */
  readonly path: ReadonlyArray<string>
  readonly query: Readonly<Record<string, string>>
}

const decoded = (word: string) => {
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}

export const placeOf = (hash: string): Place => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2)
  return {
    path: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query))
  }
}

/** The address of a place; what is `undefined` or empty is left out. */
export const hrefOf = (
  path: ReadonlyArray<string>,
  query: Readonly<Record<string, string | undefined>> = {}
): string => {
  const some = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const asked = new URLSearchParams(some).toString()
  return `#/${path.map(encodeURIComponent).join("/")}${asked && `?${asked}`}`
}

const listen = (changed: () => void) => {
  addEventListener("hashchange", changed)
  return () => removeEventListener("hashchange", changed)
}

export const usePlace = (): Place => placeOf(useSyncExternalStore(listen, () => location.hash))

export const goTo = (path: ReadonlyArray<string>, query?: Readonly<Record<string, string | undefined>>): void => {
  location.hash = hrefOf(path, query)
}

/** Says something else of the same place: no step back in the browser's history for each letter of a search. */
export const say = (query: Readonly<Record<string, string | undefined>>): void => {
  const { path, query: before } = placeOf(location.hash)
  history.replaceState(null, "", hrefOf(path, { ...before, ...query }))
  dispatchEvent(new HashChangeEvent("hashchange"))
}

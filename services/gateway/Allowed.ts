import { FindMyWay, type HttpMethod } from "effect/http"
import { Api } from "../api/Api.ts"
import { exactPaths } from "../http/Paths.ts"

const methods: ReadonlyArray<HttpMethod.HttpMethod> = ["GET", "POST", "PUT", "PATCH", "DELETE"]

/** Which methods a path answers to, as the value of `Allow`; `undefined` for a path that is not ours. */
export const allowedMethods = (beside: ReadonlyArray<`/${string}`>) => {
  const router = FindMyWay.make<true>(exactPaths)
  for (const path of beside) router.on("GET", path, true)
  for (const group of Object.values(Api.groups)) {
    for (const { method, path } of Object.values(group.endpoints)) router.on(method, path as `/${string}`, true)
  }
  return (url: string): string | undefined => {
    const found = methods.filter((method) => router.find(method, url) !== undefined)
    if (found.length === 0) return undefined
    return [...found, ...(found.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ")
  }
}

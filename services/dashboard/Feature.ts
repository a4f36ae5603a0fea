import { Layer } from "effect"
import * as PagesHttp from "./PagesHttp.ts"
import { page, typed } from "./Places.ts"

export interface Options {
  readonly isOn: boolean
  /** Where its pages were built; without: where the build puts them. */
  readonly folder?: string
}

/** The paths of its own, for whoever says which there are. */
export const pages = ({ isOn }: Options): ReadonlyArray<`/${string}`> => (isOn ? [typed, `${page}*`] : [])

export const layer = ({ folder, isOn }: Options) =>
  isOn ? PagesHttp.layer(folder === undefined ? undefined : [folder]) : Layer.empty

import { Context } from "effect"

/** What this installation is made of, in words for whoever runs it. */
export class Deployment extends Context.Service<
  Deployment,
  {
    readonly version: string
    /** What the store promises of an answer it gave. */
    readonly store: string
    /** What the bus promises of an envelope it took. */
    readonly bus: () => string
    /** What the bus has no room for, if it said so. */
    readonly busShortage: () => string | undefined
    /** From 0 to 1: how full the fullest of its streams was when it was last looked at. */
    readonly busFullness: () => number
  }
>()("homing/services/health/Deployment") {}

import { Layer } from "effect"
import * as Dispatcher from "./Dispatcher.ts"
import * as Reconciler from "./Reconciler.ts"

export const layer = (options: Reconciler.ReconcilerOptions) => Layer.merge(Dispatcher.layer, Reconciler.layer(options))

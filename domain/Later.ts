import { Deferred, type Effect, type Exit } from "effect"

/** What is not known yet: told by code that runs between effects, awaited by as many as need it. The first word counts. */
export class Later<A, E = never> {
  readonly #deferred = Deferred.makeUnsafe<A, E>()
  /** Completes with the word, at once when it was said. */
  readonly told: Effect.Effect<A, E> = Deferred.await(this.#deferred)

  /** Whether it was the first. */
  tell(word: Exit.Exit<A, E>): boolean {
    return Deferred.doneUnsafe(this.#deferred, word)
  }

  /** Tells what becomes of this effect, also when it is interrupted. */
  toldBy<R>(effect: Effect.Effect<A, E, R>): Effect.Effect<boolean, never, R> {
    return Deferred.into(effect, this.#deferred)
  }

  is(word: Exit.Exit<A, E>): boolean {
    return this.#deferred.effect === word
  }
}

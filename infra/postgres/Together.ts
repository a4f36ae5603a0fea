import { Array, Effect, Exit } from "effect"

/**
 * One statement for all who ask at about the same time: what is asked while another is under way goes together with the
 * next. Who finds none under way does not wait, and who stops waiting stops nobody else. `ask` answers each in its place.
 */
export const together = <Question, Answer, E>(
  ask: (questions: Array.NonEmptyReadonlyArray<Question>) => Effect.Effect<ReadonlyArray<Answer>, E>
) =>
  Effect.map(Effect.context(), (context) => {
    interface Asked {
      readonly question: Question
      readonly resume: (answer: Effect.Effect<Answer, E>) => void
    }
    let asked: globalThis.Array<Asked> = []
    let underWay = false

    const answer: Effect.Effect<void> = Effect.suspend(() => {
      const now = asked
      asked = []
      underWay = Array.isArrayNonEmpty(now)
      if (!Array.isArrayNonEmpty(now)) return Effect.void
      return Effect.flatMap(Effect.exit(ask(Array.map(now, ({ question }) => question))), (exit) => {
        for (const [i, { resume }] of now.entries()) resume(Exit.map(exit, (answers) => answers[i]!))
        return answer
      })
    })

    return (question: Question): Effect.Effect<Answer, E> =>
      Effect.callback((resume) => {
        asked.push({ question, resume })
        if (underWay) return
        underWay = true
        Effect.runForkWith(context)(answer)
      })
  })

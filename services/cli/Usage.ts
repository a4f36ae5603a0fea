import { Effect, Layer } from "effect"
import { CliConfig, CliOutput, GlobalFlag } from "effect/cli"

/** `Unknown subcommand "strat" for "homing"`, and what may have been meant, in one line. */
const lineOf = ({ message }: Error): string => {
  const [mistake = "", ...meant] = message.split(/\s*\n\s*/)
  return meant.length === 0 ? mistake : `${mistake}. ${meant.join(" ")}`
}

/** What was mistyped, in a line, and where the help is: the help itself would push that line off the screen. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          const help = `${event.commandPath.join(" ")} --help`
          process.stderr.write(
            [...event.errors.map((error) => `homing: ${lineOf(error)}`), `See ${help}`, ""].join("\n")
          )
        })
      : CliOutput.defaultPresenter.present(event)
}

/** Of the flags that every command would have, those that do something: what is logged is `LOG_LEVEL`'s to say. */
export const layer = Layer.merge(
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

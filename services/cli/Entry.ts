/** The service itself, which is to be back soon after a restart, loads no parser of commands. */
const [command, ...rest] = process.argv.slice(2)
if (command === "start" && rest.length === 0) {
  const [{ main }, { runMain }] = await Promise.all([import("./Start.ts"), import("./Main.ts")])
  runMain(main)
} else {
  await import("./Commands.ts")
}

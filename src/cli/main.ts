/** `main.ts NAME ARGS…`: runs src/cli/commands/NAME.ts. Started by run.mjs, which checks the name. */
import { runInProcess, type Command } from './command';

const [name, ...argv] = process.argv.slice(2);
const { command } = (await import(`./commands/${name}.ts`)) as { command: Command };
await runInProcess(command, argv);

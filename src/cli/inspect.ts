import { runInProcess } from './command';
import { inspectCommand } from './inspectCommand';

await runInProcess(inspectCommand);

import { runInProcess } from './command';
import { convertCommand } from './convertCommand';

await runInProcess(convertCommand);

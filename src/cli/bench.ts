import { benchCommand } from './bench/benchCommand';
import { runInProcess } from './command';

await runInProcess(benchCommand);

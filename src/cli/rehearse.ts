/** `npm run rehearse -- 3b`. */
import { runInProcess } from './command';
import { rehearseCommand } from './rehearseCommand';

await runInProcess(rehearseCommand);

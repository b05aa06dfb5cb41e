// Worker threads don't inherit the TypeScript loader of their parent thread.
import { register } from 'tsx/esm/api';

register();
await import('./trialWorker.ts');

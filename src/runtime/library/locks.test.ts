import { describe } from 'vitest';
import { localLocks } from './locks';
import { testLocks } from './testing/lockTests';

describe('localLocks', () => testLocks(localLocks()));

import { ensureBuilt } from '../src/cli/build.mjs';

/** The tests look at what would be published, never at an older build. */
export default async function globalSetup(): Promise<void> {
  await ensureBuilt();
}

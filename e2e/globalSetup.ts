import { ensureBuilt } from '../src/cli/build.mjs';
import { buildFakePage } from './fake/serve';

/** The tests look at what would be published, never at an older build. */
export default async function globalSetup(): Promise<void> {
  await ensureBuilt();
  await buildFakePage();
}

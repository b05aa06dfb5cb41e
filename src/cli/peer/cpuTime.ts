/** CPU time of a browser: of all its processes and threads, which steadies figures on a busy machine. */
import type { Browser } from 'playwright';

interface ProcessInfo {
  /** Seconds since the process started. */
  cpuTime: number;
}

export interface CpuClock {
  /** Milliseconds since the browser started. */
  read(): Promise<number>;
}

export async function openCpuClock(browser: Browser): Promise<CpuClock> {
  const session = await browser.newBrowserCDPSession();
  return {
    async read() {
      const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
        processInfo: ProcessInfo[];
      };
      return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
    },
  };
}

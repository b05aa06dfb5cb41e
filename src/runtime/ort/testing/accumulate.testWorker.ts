/** Test helper: accumulates in the build that it is given. */
import type { OrtBuild } from '../build';
import { accumulate } from './accumulate';

self.onmessage = ({ data }: MessageEvent<OrtBuild>) => {
  void accumulate(data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage(String(error)),
  );
};

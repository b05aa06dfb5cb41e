/** Decodes with the embedded model on WebAssembly, in a realm of its own. */
import { loadOrt } from '../loadOrt';
import { OrtBackend } from '../ortBackend';
import { decodeSome, miniPack, miniTimeline } from './miniDecoder';

self.onmessage = async () => {
  const pack = await miniPack();
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  self.postMessage(await decodeSome(pack, await miniTimeline(pack, backend)));
};

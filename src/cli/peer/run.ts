/** A comparison of engines: makes the model files that each needs, opens all in one browser, and measures. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { Page } from 'playwright';
import type { PackReader, Tokenizer } from '../../engine/ports';
import { patchColumns } from '../../engine/model';
import { preprocessImage } from '../../engine/preprocess/preprocessImage';
import type { RgbImage } from '../../engine/preprocess/resample';
import { loadTokenizer } from '../../runtime/tokenizer';
import { RoundsError } from '../../shared/errors';
import type { BackendName, DeviceReport } from '../../shared/protocol';
import type { CommandContext } from '../command';
import { packInMemory } from '../convert/packInMemory';
import { HarnessSession } from '../harnessSession';
import { PROJECT } from '../install.mjs';
import { serve } from '../staticServer.mjs';
import { ISOLATION_HEADERS } from '../../shared/hostHeaders.mjs';
import type { Reference } from './agreement';
import { openCpuClock } from './cpuTime';
import { peerEngine, roundsEngine } from './engines';
import { writeGguf } from './gguf';
import type { PeerDtype } from './graphs';
import { measure, type Contender, type EngineFigures } from './measure';
import type { PreparedModel } from './models';
import { openPackFolder } from './packFolder';
import { makePrompt, type PeerPrompt } from './prompts';
import type { PeerLoad } from './protocol';
import { makeReference } from './reference';
import { writeImageModel, writeTextModel } from './transformersFolder';
import { WasmHeaps } from './wasmHeaps';

export interface PeerOptions {
  model: PreparedModel;
  /** Folder for the files of the other engines. */
  work: string;
  backend: BackendName;
  /** Whether the question is about an image. */
  kind: 'text' | 'image';
  image: string;
  rounds: number;
  tokens: number;
  /** Of the other engines; null: as many as the app's. */
  threads: number | null;
}

export interface Comparison {
  backend: BackendName;
  kind: 'text' | 'image';
  promptTokens: number;
  tokens: number;
  rounds: number;
  device: DeviceReport;
  engines: EngineFigures[];
}

const PEERS = join(PROJECT, 'models/peers');
const MAX_UNPACKED_LATE = 20e6;
const IMAGE_PATH = 'case/peer-image';

export async function compareEngines(options: PeerOptions, context: CommandContext): Promise<Comparison> {
  installPeers(context);
  const { model, image, backend } = options;
  const pack = await openPackFolder(model.pack);
  const tokenizer = await loadTokenizer(pack);
  let page: Page | null = null;
  let heaps: WasmHeaps | null = null;
  const session = await HarnessSession.open({
    pack: model.pack,
    files: { [`/${IMAGE_PATH}`]: image },
    signal: context.signal,
    report: (message) => context.err(`${message}\n`),
    onPage: (opened) => {
      page = opened;
      heaps = new WasmHeaps(opened);
    },
  });
  try {
    const { device } = await session.load({ backend, activations: 'f32' });
    const opened = { session, page: page as unknown as Page, heaps: heaps as unknown as WasmHeaps, device };
    return await new PeerComparison(options, context, pack, tokenizer, opened).run();
  } finally {
    await session.close();
  }
}

/** The other engines have a package of their own, which nothing but this command installs. */
function installPeers({ err }: CommandContext): void {
  if (existsSync(join(PEERS, 'node_modules/@wllama/wllama/package.json'))) return;
  err('Installing the engines to compare with (models/peers/package.json)\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund'], { cwd: PEERS, stdio: ['ignore', 2, 2] });
  if (result.status === 0) return;
  throw new RoundsError(
    'download_failed',
    'The engines to compare with could not be installed. Run npm ci in models/peers with a network connection.',
  );
}

interface OpenedBrowser {
  session: HarnessSession;
  page: Page;
  heaps: WasmHeaps;
  device: DeviceReport;
}

/** Another engine, the files that it gets, and the weights that it computes with. */
interface Peer {
  name: string;
  load: PeerLoad;
  reference: Reference;
}

class PeerComparison {
  readonly #options: PeerOptions;
  readonly #context: CommandContext;
  readonly #pack: PackReader;
  readonly #tokenizer: Tokenizer;
  readonly #opened: OpenedBrowser;
  #image: RgbImage | null = null;
  #prompts = new Map<number, PeerPrompt>();

  constructor(
    options: PeerOptions,
    context: CommandContext,
    pack: PackReader,
    tokenizer: Tokenizer,
    opened: OpenedBrowser,
  ) {
    this.#options = options;
    this.#context = context;
    this.#pack = pack;
    this.#tokenizer = tokenizer;
    this.#opened = opened;
  }

  async run(): Promise<Comparison> {
    const { rounds, tokens, backend, kind, work } = this.#options;
    const { session, page, heaps, device } = this.#opened;
    if (kind === 'image') this.#image = await this.#decodeImage();
    this.#note('float32 reference');
    const reference = await makeReference(this.#pack, this.#prompt(0), tokens, this.#image);
    const peers = await this.#peers(reference);
    const mounts = {
      '/transformers/': join(PROJECT, 'node_modules/@huggingface/transformers/dist'),
      '/onnxruntime/': join(PROJECT, 'node_modules/onnxruntime-web/dist'),
      '/wllama/': join(PEERS, 'node_modules/@wllama/wllama/esm'),
      '/work/': work,
      ...(this.#options.model.published ? { '/published.gguf': this.#options.model.published.gguf } : {}),
    };
    const server = await serve({ root: PEERS, mounts, headers: ISOLATION_HEADERS });
    try {
      const browser = page.context().browser();
      if (!browser) throw new RoundsError('internal', 'The page has no browser.');
      const contenders: Contender[] = [{ engine: roundsEngine(session, heaps), reference }];
      for (const { name, load, reference: own } of peers) {
        this.#note(`load ${name}`);
        const report = (message: string): void => this.#context.err(`${message}\n`);
        contenders.push({
          engine: await peerEngine(browser, server.url, name, load, report),
          reference: own,
        });
      }
      const engines = await measure(contenders, await openCpuClock(browser), {
        rounds,
        tokens,
        prompt: (number) => this.#prompt(number),
        tokenizer: this.#tokenizer,
        signal: this.#context.signal,
        note: (message) => this.#note(message),
      });
      return { backend, kind, promptTokens: this.#prompt(0).ids.length, tokens, rounds, device, engines };
    } finally {
      await server.close();
    }
  }

  #note(message: string): void {
    this.#context.err(`${this.#options.backend}, ${this.#options.kind}: ${message}\n`);
  }

  #prompt(number: number): PeerPrompt {
    const known = this.#prompts.get(number);
    if (known) return known;
    const { manifest } = this.#pack;
    const paddedColumns = patchColumns(this.#pack);
    const { model, imageProcessor } = manifest;
    const grid =
      this.#image &&
      preprocessImage(
        this.#image,
        imageProcessor,
        model.vision,
        paddedColumns === undefined ? {} : { paddedColumns },
      ).gridThw;
    const image = grid && { file: { url: IMAGE_PATH, name: 'image' }, grid };
    const prompt = makePrompt(number, { tokenizer: this.#tokenizer, model }, image);
    this.#prompts.set(number, prompt);
    return prompt;
  }

  async #decodeImage(): Promise<RgbImage> {
    const { width, height, rgb } = await this.#opened.session.decode({ url: IMAGE_PATH, name: 'image' });
    return { width, height, data: new Uint8Array(Buffer.from(rgb, 'base64')) };
  }

  async #peers(reference: Reference): Promise<Peer[]> {
    const { backend } = this.#options;
    const dtypes = this.#dtypes();
    const peers: Peer[] = [];
    for (const dtype of dtypes) peers.push({ ...(await this.#transformers(dtype)), reference });
    if (backend !== 'wasm' || this.#options.kind === 'image') return peers;
    return [...peers, ...(await this.#wllama(reference))];
  }

  /**
   * On WebGPU a float32 copy of the weights has no advantage; on WebAssembly it is the fastest form. There a model of a
   * hundred million weights of 4 bits takes about a second a token.
   */
  #dtypes(): PeerDtype[] {
    if (this.#options.backend === 'webgpu') return ['q4'];
    return this.#pack.manifest.parameters > MAX_UNPACKED_LATE ? ['fp32'] : ['fp32', 'q4'];
  }

  async #transformers(dtype: PeerDtype): Promise<Omit<Peer, 'reference'>> {
    const { backend, kind, work } = this.#options;
    const folder = `${kind}-${backend}-${dtype}`;
    const path = join(work, folder);
    const model = this.#image
      ? await writeImageModel(this.#pack, dtype, path, this.#image, backend)
      : await writeTextModel(this.#pack, dtype, path, backend);
    const load = {
      engine: 'transformers',
      folder: `work/${folder}`,
      device: backend,
      threads: this.#threads,
      model,
      subgroups: !this.#opened.device.software,
    } as const;
    return { name: `transformers.js, ${dtype}`, load };
  }

  async #wllama(reference: Reference): Promise<Peer[]> {
    const { model, work, tokens } = this.#options;
    const common = { engine: 'wllama', threads: this.#threads, contextTokens: 2048 } as const;
    await mkdir(work, { recursive: true });
    await writeGguf(this.#pack, join(work, 'pack.gguf'));
    const own: Peer = {
      name: 'wllama, the same weights',
      load: { ...common, file: 'work/pack.gguf' },
      reference,
    };
    if (!model.published) return [own];
    this.#note('float32 reference of the published weights');
    const checkpoint = await packInMemory(model.published.checkpoint, 'f32', 'plain');
    const published = await makeReference(checkpoint, this.#prompt(0), tokens, null);
    return [
      own,
      { name: 'wllama, as published', load: { ...common, file: 'published.gguf' }, reference: published },
    ];
  }

  get #threads(): number {
    return this.#options.threads ?? this.#opened.device.threads ?? 1;
  }
}

/** The state of the whole page. main.ts creates it once; components get it by context. */
import { createContext } from 'svelte';
import { RoundsError } from '../../shared/errors';
import type { ImageInput } from '../../shared/generation';
import type { BackendName, PackLocation } from '../../shared/protocol';
import { findPreset, type PresetId } from '../../shared/presets';
import type { FolderFiles } from '../browser/localFiles';
import { WakeLock } from '../browser/wakeLock';
import type { EngineApi } from '../clients/engineClient';
import type { LibraryApi } from '../clients/libraryClient';
import { t } from '../i18n/i18n.svelte';
import { isSameImage, type Asked } from '../question/prompting';
import { fetchSample, fetchSamples, type Sample } from '../question/samples';
import type { Suggestion } from '../question/suggestions';
import { CaseState } from './cases/caseState.svelte';
import { Dialogs } from './dialogs.svelte';
import { Conversation, type Entry } from './ask/conversation.svelte';
import { Draft, MIN_OPTIONS } from './ask/draft.svelte';
import { LibraryState } from './models/library.svelte';
import { ModelChoice } from './models/modelChoice.svelte';
import { ImageTray } from './images/imageTray.svelte';
import { Intake } from './images/intake.svelte';
import { ModelState } from './models/modelState.svelte';
import { Presentation } from './presentation.svelte';
import { Settings } from './settings.svelte';
import { DraftKeeper } from './draftKeeper.svelte';
import { Workspace } from './workspace.svelte';
import type { Turn } from './ask/turn.svelte';
import { WorkAhead, type Beginning } from './ask/workAhead';

export interface AppOptions {
  engine: EngineApi;
  library: LibraryApi;
  /** Folder of pack.json, relative to the page. */
  packUrl: string;
  backend: BackendName | 'auto';
}

export class AppState {
  readonly settings = new Settings();
  readonly presentation = new Presentation();
  readonly dialogs = new Dialogs();
  readonly draft = new Draft();
  readonly model: ModelState;
  readonly tray: ImageTray;
  /** Takes files that are dropped, pasted or chosen anywhere. */
  readonly intake: Intake;
  readonly conversation: Conversation;
  readonly library: LibraryState;
  readonly cases: CaseState;
  /** What the visitor has put in and not asked yet. */
  readonly workspace: Workspace;
  readonly keeper: DraftKeeper;
  /** The model in use, now and on the next visit. */
  readonly choice: ModelChoice;
  readonly packUrl: string;
  readonly engine: EngineApi;

  readonly #workAhead: WorkAhead;

  /** Set once the visitor has agreed to leave the page: the browser doesn't ask again. */
  mayLeave = false;

  samples = $state.raw<readonly Sample[]>([]);
  samplesError = $state.raw<RoundsError | null>(null);

  /** What is missing before the question can be asked, as a sentence; empty if nothing is missing. */
  missing = $derived.by(() => {
    const needsImage = this.draft.follows === null;
    if (this.tray.images.length === 0 && needsImage) return t('ask.missingImage');
    if (this.tray.images.length > 0 && this.tray.readable.length === 0) return t('ask.missingReadable');
    if (this.draft.prompt === '') return t('ask.missingQuestion');
    if (this.draft.hasOptions && this.draft.filled.length < MIN_OPTIONS) return t('ask.missingChoices');
    if (this.model.status === 'failed') return t('ask.missingModel');
    return '';
  });
  canAsk = $derived.by(() => this.missing === '' && this.conversation.running === null);

  /** An answer that is being written, or that is nowhere but on this page. */
  hasUnkeptAnswer = $derived.by(() =>
    this.conversation.turns.some((entry) => {
      if (!entry.isOver) return true;
      const { list } = this.cases;
      return entry.tokens > 0 && (!list.isStored(entry.caseId) || list.savingId === entry.caseId);
    }),
  );

  constructor({ engine, library, packUrl, backend }: AppOptions) {
    this.engine = engine;
    this.packUrl = packUrl;
    this.#workAhead = new WorkAhead(engine);
    const embedded = embeddedPack(packUrl);
    this.model = new ModelState(engine, embedded, backend, () => this.tray.reread());
    this.tray = new ImageTray(engine, () => findPreset(this.settings.presetId).imageLimits);
    const conversation = new Conversation(
      {
        engine,
        modelReady: () => this.model.ready(),
        modelRecovered: (lost, error) => this.model.modelRecovered(lost, error),
      },
      (entry) => this.cases.list.onEntryFinished(entry),
    );
    this.conversation = conversation;
    const { settings, draft, tray, dialogs } = this;
    this.workspace = new Workspace({ draft, tray, settings, conversation: () => conversation });
    const { workspace } = this;
    this.cases = new CaseState({
      ...{ engine, settings, draft, tray, dialogs, workspace },
      conversation: () => conversation,
    });
    this.keeper = new DraftKeeper({
      ...{ workspace, draft, tray, preferences: this.cases.preferences },
      recall: (caseId, uid) => this.cases.recall(caseId, uid),
    });
    const wakeLock = new WakeLock();
    this.library = new LibraryState({ library, engine, keepAwake: (wanted) => wakeLock.hold(wanted) });
    this.intake = new Intake({
      engine,
      tray,
      importCases: (files) => this.cases.importFiles(files),
      importModel: (folder) => void this.#importModel(folder),
      onImagesFromCases: () => dialogs.close('cases'),
    });
    this.choice = new ModelChoice({
      model: this.model,
      embedded,
      listStored: () => this.library.listStored(),
      entryOf: (repo) => this.library.entryOf(repo),
      usePreset: (preset) => this.usePreset(preset),
    });
  }

  start(): void {
    void this.choice.start();
    void this.loadSamples();
    this.cases.list.start();
    void this.keeper.start();
  }

  async loadSamples(): Promise<void> {
    try {
      this.samples = await fetchSamples();
      this.samplesError = null;
    } catch (thrown) {
      this.samplesError = RoundsError.from(thrown);
    }
  }

  async takeSample(sample: Sample): Promise<void> {
    try {
      const blob = await fetchSample(sample);
      this.workspace.replace(() => {
        this.tray.useSample(blob, sample);
        this.draft.useSample(sample);
      });
      this.samplesError = null;
    } catch (thrown) {
      this.samplesError = RoundsError.from(thrown);
    }
  }

  takeSuggestion(suggestion: Suggestion): void {
    this.workspace.replace(() => this.draft.useSuggestion(suggestion));
  }

  usePreset(id: PresetId): void {
    this.settings.presetId = id;
    this.tray.reread();
  }

  ask(): void {
    if (!this.canAsk) return;
    const { follows: parent } = this.draft;
    const { probabilities } = this.settings;
    const asked = this.#compose();
    const turn = this.conversation.ask(asked, { parent, probabilities, ...this.#origin(asked) });
    // The next question follows this one until the visitor leaves the conversation.
    if (turn && parent) this.draft.follow(turn);
    this.workspace.noteAsked();
  }

  /** Call it in an effect: reads what it depends on. Has the engine prepare the question while it is being written. */
  workAhead(): void {
    if (this.conversation.isBusy) this.#workAhead.giveWay();
    else this.#workAhead.expect(this.#beginning());
  }

  /** Asks the question as many times as the settings say. */
  rollOut(): void {
    if (!this.canAsk) return;
    const { rollouts } = this.settings;
    const asked = this.#compose();
    this.conversation.rollOut(asked, { ...rollouts, parent: this.draft.follows, ...this.#origin(asked) });
    this.workspace.noteAsked();
  }

  /** Asks the same question about the same images again, whatever is in the form now. */
  askAgain(entry: Entry, change: Partial<Asked> = {}): void {
    const { parent, caseId } = entry;
    const asked = { ...entry.asked, sampling: this.settings.sampling, ...change };
    const { rollouts, probabilities } = this.settings;
    if (entry.kind === 'rollouts') this.conversation.rollOut(asked, { ...rollouts, parent, caseId });
    else this.conversation.ask(asked, { parent, probabilities, caseId });
  }

  /** Prepares the form for a question that follows this answer. */
  followUp(turn: Turn): void {
    this.workspace.replace(() => this.draft.follow(turn));
    this.dialogs.focusQuestion();
  }

  /** Puts a question back into the form. Asked again, it starts a branch of the conversation from the same place. */
  edit({ asked, parent }: Entry): void {
    this.workspace.replace(() => {
      this.draft.edit(asked, parent);
      if (asked.images.length > 0) this.tray.restore(asked.images);
      this.usePreset(asked.presetId);
    });
    this.dialogs.focusQuestion();
  }

  /** For a model that was dropped outside its dialog. */
  async #importModel(folder: FolderFiles): Promise<void> {
    this.dialogs.close('cases');
    this.dialogs.open('library');
    await this.library.open();
    await this.library.importFiles(folder);
  }

  #origin({ images }: Asked): { caseId?: string } {
    const caseId = this.cases.idFor(images);
    return caseId === undefined ? {} : { caseId };
  }

  /** Null while the model or an image is being read, and if there is nothing to ask about. */
  #beginning(): Beginning | null {
    const { info } = this.model;
    const { follows } = this.draft;
    const isRead = this.tray.images.every(
      ({ error, preview, isPending }) => error || (preview && !isPending),
    );
    if (!info || !isRead || (this.tray.readable.length === 0 && !follows)) return null;
    return { model: info, asked: this.#compose(), earlier: follows?.exchanges ?? [] };
  }

  #compose(): Asked {
    const { draft, settings, tray } = this;
    return {
      question: draft.prompt,
      options: draft.filled.map((option) => option.text.trim()),
      key: draft.keyIndex >= 0 ? draft.keyIndex : null,
      presetId: settings.presetId,
      sampling: settings.sampling,
      images: this.#newImages(tray.readable.map((image) => image.toInput())),
    };
  }

  /** Those that the conversation doesn't contain yet. */
  #newImages(inputs: ImageInput[]): ImageInput[] {
    const { follows } = this.draft;
    const shown = follows ? follows.exchanges.flatMap(({ asked }) => asked.images) : [];
    return inputs.filter((input) => !shown.some((known) => isSameImage(known, input)));
  }
}

/** The pack that is published with the page. */
function embeddedPack(packUrl: string): PackLocation {
  return { kind: 'url', url: new URL(packUrl, document.baseURI).href, cache: true };
}

export const [getApp, setApp] = createContext<AppState>();

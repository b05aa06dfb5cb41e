/** What the scripted engine can do. Specs name a scenario in the page's address. */
export const SCENARIOS = [
  /** Loads at once, thinks a few words, takes the option that the key names (or the first). */
  'thinking',
  /** Takes an option that the key does not name. */
  'wrong',
  /** Answers without thinking and without naming an option. */
  'freeAnswer',
  /** Writes a word every 150 ms, for long: something to stop. */
  'slowStream',
  /** Reaches the token limit while still thinking. */
  'cutOff',
  /** Stays at a part of the download. */
  'slowLoad',
  /** The first load fails, the second works. */
  'loadFailsOnce',
  /** Fails unless wasm is asked for. */
  'noWebGpu',
  /** Fails unless the model need not be kept. */
  'quotaFull',
  /** The device is lost in the first answer, and comes back. */
  'deviceLost',
  /** Every device is lost at once. */
  'deviceKeepsFailing',
  /** The prompt does not fit. */
  'contextOverflow',
  /** The library has a stored model, a paused job, and a job of another tab. */
  'library',
  /** Downloads stay at a third. */
  'slowLibrary',
  /** The first download fails in its middle. */
  'libraryFails',
  /** Verifying finds damaged parts. */
  'verifyFails',
  /** A stored model can't be loaded; the embedded one can. */
  'largeFails',
  /** A private window. */
  'privateWindow',
  /** The library's database can't be opened. */
  'noLibrary',
  /** Images come back in a form that no component can draw. */
  'pageBreaks',
  /** The first way to run on the device fails its test, so that another is prepared. */
  'secondMode',
  /** The GPU's memory is too small in a trial. */
  'smallGpu',
] as const;

export type Scenario = (typeof SCENARIOS)[number];

export function isScenario(name: string): name is Scenario {
  return (SCENARIOS as readonly string[]).includes(name);
}

/** Mounts the app's own page on a scripted engine; `?scenario=` names the script. */
import { mount } from 'svelte';
import App from '../../src/app/App.svelte';
import { backendFromUrl } from '../../src/app/browser/backendChoice';
import { OfflineSupport } from '../../src/app/browser/pwa';
import { storedText } from '../../src/app/browser/storedText';
import { startLanguage } from '../../src/app/i18n/i18n.svelte';
import { AppState } from '../../src/app/state/appState.svelte';
import '../../src/app/styles/index.css';
import { FakeEngine } from './fakeEngine';
import { FakeLibrary } from './fakeLibrary';
import { isScenario } from './scenarios';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const asked = new URLSearchParams(location.search).get('scenario') ?? 'thinking';
if (!isScenario(asked)) throw new Error(`There is no scenario ${asked}.`);

const app = new AppState({
  engine: new FakeEngine(asked),
  library: new FakeLibrary(asked),
  packUrl: 'models/fake',
  backend: backendFromUrl(location.search),
});
await startLanguage(storedText('rounds.locale'));
mount(App, { target, props: { app, offline: new OfflineSupport(undefined, () => undefined) } });
app.start();

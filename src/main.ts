import { mount } from 'svelte';
import App from './app/App.svelte';
import { EngineClient } from './app/clients/engineClient';
import { LibraryClient } from './app/clients/libraryClient';
import { backendFromUrl } from './app/browser/backendChoice';
import { offlineSupport } from './app/browser/pwa';
import { storedText } from './app/browser/storedText';
import { startLanguage } from './app/i18n/i18n.svelte';
import { AppState } from './app/state/appState.svelte';
import './app/styles/index.css';

/** The embedded model's folder, next to the page. Absolute, because the worker's script is in another folder. */
const PACK_URL = new URL('models/rounds-mini', document.baseURI).href;

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

const app = new AppState({
  engine: new EngineClient(),
  library: new LibraryClient(),
  packUrl: PACK_URL,
  backend: backendFromUrl(location.search),
});
await startLanguage(storedText('rounds.locale'));
target.replaceChildren();
mount(App, { target, props: { app, offline: offlineSupport() } });
app.start();

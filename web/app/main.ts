import 'leaflet/dist/leaflet.css';
import './theme.css';
import { mount } from 'svelte';
import { frames } from '../draw/frame-loop.ts';
import { levelOf } from '../state/node-rows.ts';
import { Wall } from '../state/wall.svelte.ts';
import App from './App.svelte';
import { screenClock } from './clock.ts';
import { chooseLanguage, language } from './i18n.svelte.ts';

language.lang = chooseLanguage(location.search, navigator.languages);

const wall = new Wall({
  clock: screenClock,
  frames,
  base: document.baseURI,
  storage: sessionStorage,
  reload: () => location.reload(),
});
wall.listLevel = levelOf(location.search);
wall.start();

mount(App, {
  target: document.getElementById('app')!,
  props: { wall, kiosk: new URLSearchParams(location.search).has('kiosk') },
});

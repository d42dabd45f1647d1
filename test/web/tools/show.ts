import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach } from 'vitest';
import { language } from '../../../web/app/i18n.svelte.ts';
import { type MadeWall, makeWall } from './make-wall.ts';

let mounted: Record<string, unknown>[] = [];

/** Of this test file: components are mounted in English, on boxes 400 px high, and taken away after each test. */
export function mountsComponents(): void {
  const height = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'clientHeight');
  beforeEach(() => {
    language.lang = 'en';
    // happy-dom has no layout.
    Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => 400 });
  });
  afterEach(async () => {
    for (const component of mounted) await unmount(component);
    mounted = [];
    document.body.replaceChildren();
    if (height === undefined) Reflect.deleteProperty(HTMLElement.prototype, 'clientHeight');
    else Object.defineProperty(HTMLElement.prototype, 'clientHeight', height);
  });
}

/** Mounts a component and gives the page. */
// biome-ignore lint/suspicious/noExplicitAny: a test mounts any component
export function show(component: any, props: Record<string, unknown>): HTMLElement {
  mounted.push(mount(component, { target: document.body, props }));
  flushSync();
  return document.body;
}

/** What an element says, each run of white space as one blank. */
export const text = (element: Element | null): string => (element?.textContent ?? '').replaceAll(/\s+/g, ' ').trim();

/** A wall with its first frame painted. */
export function fed(...options: Parameters<typeof makeWall>): MadeWall {
  const made = makeWall(...options);
  made.wall.applyLayout({ ...made.feed.layout });
  made.wall.applyFrame(made.feed.snapshot());
  return made;
}

import { flushSync } from 'svelte';
import { expect, test } from 'vitest';
import { language } from '../../web/app/i18n.svelte.ts';
import StatusLine from '../../web/screens/wall/StatusLine.svelte';
import { coverageOf } from '../../web/state/coverage.ts';
import { fed, mountsComponents, show, text } from './tools/show.ts';

mountsComponents();
const status = { cellsHeardShare: 0.986, linksAlive: 3, linksKnown: 3, warmingUp: false };

test('the share of cells and links that live stands in the line of notices, and no link is known where none is', () => {
  const { wall } = fed({}, status);
  expect(text(show(StatusLine, { wall }))).toContain('Alive cells 99% links 3/3');
  language.lang = 'zh';
  flushSync();
  expect(text(document.body)).toContain('存活 小区 99% 链路 3/3');
  expect(coverageOf({ ...status, linksAlive: 0, linksKnown: 0 })).toMatchObject({ links: '链路 —', linksDead: false });
  expect(coverageOf(null)).toMatchObject({ cells: '小区 —', cellsLow: false, linksDead: false });
});

test('a dead link and cells that are down warn, but not that few cells have been heard in the first hours', () => {
  expect(coverageOf(status)).toMatchObject({ cellsLow: false, linksDead: false });
  expect(coverageOf({ ...status, linksAlive: 2 })).toMatchObject({ links: 'links 2/3', linksDead: true });
  expect(coverageOf({ ...status, linksAlive: 0 })).toMatchObject({ links: 'links 0/3', linksDead: true });
  expect(coverageOf({ ...status, cellsHeardShare: 0 })).toMatchObject({ cells: 'cells 0%', cellsLow: true });
  expect(coverageOf({ ...status, cellsHeardShare: 0.5 }).cellsLow).toBe(true);
  expect(coverageOf({ ...status, cellsHeardShare: 0.5, warmingUp: true }).cellsLow).toBe(false);
});

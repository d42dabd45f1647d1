import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Layout } from '../../shared/protocol.ts';
import { LayoutLoader, layoutPauseMs } from '../../web/link/layout.ts';
import { BuildGuard } from '../../web/link/reload.ts';
import { fakeLayout } from './tools/fake-city.ts';
import { ManualClock } from './tools/make-wall.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(answers: (() => Response)[]) {
  const clock = new ManualClock();
  const layouts: Layout[] = [];
  const errors: string[] = [];
  let asked = 0;
  const loader = new LayoutLoader({
    url: 'http://wall.test/api/layout',
    clock,
    onLayout: (layout) => layouts.push(layout),
    onError: (message) => errors.push(message),
    fetch: async () => answers[Math.min(asked++, answers.length - 1)]!(),
  });
  const pass = async (ms: number) => {
    clock.ms += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { loader, layouts, errors, pass, asked: () => asked };
}

const base = fakeLayout({
  seed: 1,
  cells: 3,
  positions: true,
  regions: false,
  minCount: 0,
  title: '',
  schematic: null,
});
const revision = (n: number) => () => Response.json({ ...base, revision: n });

describe('the layout', () => {
  test('is read again when a frame names another revision, at most every few seconds', async () => {
    const { loader, layouts, pass, asked } = setUp([revision(1), revision(4)]);
    loader.start();
    await pass(0);
    expect(layouts.map((layout) => layout.revision)).toEqual([1]);
    for (let n = 2; n <= 4; n++) loader.want(n);
    await pass(1000);
    expect(asked()).toBe(1);
    await pass(layoutPauseMs);
    expect(layouts.map((layout) => layout.revision)).toEqual([1, 4]);
    loader.want(4);
    await pass(60_000);
    expect(asked()).toBe(2);
  });

  test('is asked for again after a failure, which is told', async () => {
    const { loader, layouts, errors, pass } = setUp([
      () => new Response('', { status: 503 }),
      () => Response.json({ nothing: true }),
      revision(1),
    ]);
    loader.start();
    await pass(0);
    expect(errors).toEqual(['HTTP 503']);
    await pass(1500);
    expect(errors[1]).toBe('no layout in the answer');
    await pass(3000);
    expect(layouts.length).toBe(1);
    loader.stop();
  });
});

describe('a new build', () => {
  function guarded() {
    const clock = new ManualClock();
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    const reload = vi.fn();
    return { clock, reload, guard: () => new BuildGuard(clock, storage, reload) };
  }

  test('reloads the page once', () => {
    const { reload, guard } = guarded();
    const first = guard();
    expect(first.see('a')).toBe(false);
    expect(first.see('a')).toBe(false);
    expect(first.see('b')).toBe(true);
    expect(reload).toHaveBeenCalledTimes(1);
  });

  test('does not reload in a loop when two builds alternate', () => {
    const { clock, reload, guard } = guarded();
    const first = guard();
    first.see('a');
    first.see('b');
    const second = guard();
    second.see('a');
    expect(second.see('b')).toBe(false);
    clock.ms += 400_000;
    expect(second.see('b')).toBe(true);
    expect(reload).toHaveBeenCalledTimes(2);
  });
});

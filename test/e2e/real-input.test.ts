import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putDatabase } from '../store/tools/test-database.ts';
import { serve, temporaryFolder, until } from '../tools/serve.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
});
afterAll(() => browser?.close());

async function wallText(address: string, pattern: RegExp): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, locale: 'zh-CN' });
  await page.goto(address);
  const text = await until(`${pattern} on the wall`, async () => {
    const shown = await page.innerText('body');
    return pattern.test(shown) && shown;
  });
  await page.close();
  return text;
}

describe.runIf(sharedPresent)('real input', () => {
  test('decoded records of real cells without positions are shown as a list with a chart', async () => {
    const folder = temporaryFolder('xdr');
    await putDatabase(folder.path, 'live');
    const uri = `xdr:${sharedPath('data/xdr-guangzhou-2015-08.csv.gz')}?plmn=460-01&tz=+08:00`;
    const server = await serve(['--feed', uri, '--speed', '600'], { dataDir: folder.path });
    try {
      const text = await wallText(server.address, /460-01-\d+-\d+/);
      expect(text).toMatch(/--cells/);
      const health = await (await fetch(`${server.address}api/health`)).json();
      expect(health).toMatchObject({ feeds: [{ uri, speed: 600, faultsTotal: 0 }] });
    } finally {
      await server.interrupt();
      folder.remove();
    }
  });

  test('a capture of the A interface goes through to its end and stays on the wall', async () => {
    const folder = temporaryFolder('osmo');
    await putDatabase(folder.path, 'live');
    const server = await serve(['--feed', sharedPath('captures/osmo-lab/osmo_msc_a_iface.pcap'), '--speed', '0'], {
      dataDir: folder.path,
    });
    try {
      await wallText(server.address, /001-01-1-1/);
      const health = await until('the end of the feed', async () => {
        const answer = await (await fetch(`${server.address}api/health`)).json();
        return answer.feeds[0].state === 'ended' && answer;
      });
      expect(health.feeds[0]).toMatchObject({ frames: 195, faultsTotal: 0 });
      expect(health.resolvedShare).toBe(1);
    } finally {
      await server.interrupt();
      folder.remove();
    }
  });
});

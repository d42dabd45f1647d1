import { randomInt } from 'node:crypto';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { LiveFeedSpec } from './feed-uri.ts';
import type { FrameReader } from './frame-reader.ts';
import { openStdin } from './stdin-source.ts';
import { connectLive } from './tcp-connector.ts';
import { listenLive } from './tcp-listener.ts';

const chances = 0x1_0000_0000;

/** Opens a live feed; it waits for nobody. @throws UserError FEED_LISTEN, FEED_STDIN */
export async function openLive(spec: LiveFeedSpec, config: Config): Promise<FrameReader> {
  const options = {
    clock: systemClock,
    recordBytesMax: config.captureRecordBytesMax,
    aheadMsMax: config.liveAheadMs,
  };
  switch (spec.kind) {
    case 'stdin':
      return openStdin(config.captureRecordBytesMax);
    case 'pcap+tcp':
      return connectLive({
        ...options,
        ...{ host: spec.host, port: spec.port, before: spec.before ?? [] },
        retryMsMin: Math.min(config.reconnectMsMin, config.reconnectMsMax),
        retryMsMax: config.reconnectMsMax,
        random: () => randomInt(chances) / chances,
      });
    case 'pcap+listen':
      return (
        await listenLive({
          ...options,
          ...{ host: spec.host, port: spec.port, before: spec.before ?? [], probesMax: config.probesMax },
        })
      ).reader;
  }
}

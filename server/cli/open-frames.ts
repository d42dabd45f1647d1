import { openSimulation } from '../../fixtures/make/simulation.ts';
import type { FeedSpec } from '../capture/feed-uri.ts';
import type { FrameReader } from '../capture/frame-reader.ts';
import { openCapture } from '../capture/open-capture.ts';
import { openLive } from '../capture/open-live.ts';
import { PlausibleTimes } from '../capture/plausible-times.ts';
import { openStdin } from '../capture/stdin-source.ts';
import type { Config } from '../config.ts';
import { InvariantError } from '../errors.ts';

/** Opens a feed of frames. @throws UserError naming the feed, what is wrong and the remedy */
export async function openFrames(spec: FeedSpec, config: Config): Promise<FrameReader> {
  switch (spec.kind) {
    case 'pcap':
      return PlausibleTimes.over(await openCapture(spec.path, config.captureRecordBytesMax));
    case 'sim':
      return openSimulation(spec.options);
    case 'stdin':
    case 'pcap+tcp':
    case 'pcap+listen':
      return openLive(spec, config);
    default:
      throw new InvariantError(`a feed of kind ${spec.kind} has no frames`);
  }
}

/**
 * The same, with every frame of a capture as it stands: for whoever looks into one capture, whose frames have numbers
 * and where a wrong time harms nobody. Of live probes, frames far ahead of this machine's clock stay out.
 */
export async function openEveryFrame(spec: FeedSpec, config: Config): Promise<FrameReader> {
  switch (spec.kind) {
    case 'pcap':
      return openCapture(spec.path, config.captureRecordBytesMax);
    case 'stdin':
      return openStdin(config.captureRecordBytesMax, false);
    default:
      return openFrames(spec, config);
  }
}

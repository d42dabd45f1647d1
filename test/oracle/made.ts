import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { carriers } from '../../fixtures/make/wire/carriers/carriers.ts';
import { conversation } from '../../fixtures/make/wire/carriers/conversation.ts';
import { pcapFile } from '../capture/pcap-write.ts';
import { allTcapVectors } from '../decode/map-vectors.ts';
import { ranapVectors } from '../decode/ranap-vectors.ts';
import { carrierVectors, frameOfVector, vectors } from '../decode/vectors.ts';
import { connectionRequest, dataForm1, frameOf, hex, type Octets, unitdata } from '../decode/wire.ts';
import { runCli } from '../tools/serve.ts';

/** A capture that was made of what the project has, and the name of each of its frames. */
export interface Made {
  name: string;
  path: string;
  frameNames: readonly string[];
}

/** Captures of their own in a folder that goes with `remove`. */
export class MadeCaptures {
  readonly #folder = mkdtempSync(join(tmpdir(), 'signalwall-oracle-'));

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Every vector of BSSMAP and DTAP, of RANAP, and of TCAP and MAP. */
  vectors(): Made[] {
    const layer3 = vectors.map((vector, i) => ({ name: vector.name, bytes: frameOfVector(vector, i + 1) }));
    const ranap = ranapVectors.map(({ name, carrier, octets }, i) => {
      const sccp = {
        CR: () => connectionRequest(256 + i, octets, [0x42, 142]),
        UDT: () => unitdata(octets, [0x42, 142]),
      };
      const message = carrier === 'DT1' ? dataForm1(1, octets) : sccp[carrier]();
      return { name, bytes: frameOf(message, { tsn: i + 1 }) };
    });
    const tcap = allTcapVectors.map(({ name, called, calling, bytes }, i) => ({
      name,
      bytes: frameOf(between(called, calling, [...bytes]), { tsn: i + 1 }),
    }));
    return [this.#write('vectors of the A interface', layer3), this.#write('vectors of RANAP', ranap)].concat(
      this.#write('vectors of TCAP and MAP', tcap),
    );
  }

  /** The same conversation over every carrier. */
  carriers(): Made[] {
    return carriers.map(({ name, linkType, frames }) =>
      this.#write(
        `carrier ${name}`,
        frames(conversation).map((bytes) => ({ name, bytes: Uint8Array.from(bytes) })),
        linkType,
      ),
    );
  }

  /** The vectors of the carriers, a capture for each link type. */
  carrierVectors(): Made[] {
    return [...new Set(carrierVectors.map(({ linkType }) => linkType))].map((linkType) => {
      const frames = carrierVectors.filter((vector) => vector.linkType === linkType);
      const named = frames.map(({ name, hex: text }) => ({ name, bytes: Uint8Array.from(hex(text)) }));
      return this.#write(`vectors of carriers, link type ${linkType}`, named, linkType);
    });
  }

  /** The vectors of the A interface in a capture that ends inside a packet, in one whose packets become nonsense, and gzip'd with an octet missing. */
  damaged(): Made[] {
    const [{ path, frameNames }] = this.vectors();
    const whole = readFileSync(path);
    const half = whole.length >> 1;
    const packed = gzipSync(whole);
    const damages: [string, string, Uint8Array][] = [
      ['that is cut', 'cut.pcap', whole.subarray(0, half)],
      ['that becomes nonsense', 'nonsense.pcap', Buffer.concat([whole.subarray(0, half), Buffer.alloc(half, 0xff)])],
      ["that is gzip'd and cut", 'cut.pcap.gz', packed.subarray(0, packed.length >> 1)],
    ];
    return damages.map(([name, file, bytes]) => {
      const to = join(this.#folder, file);
      writeFileSync(to, bytes);
      return { name, path: to, frameNames };
    });
  }

  /** So many packets of the simulated city, calls and registrations of its core network among them. */
  async simulation(packets: number): Promise<Made> {
    const path = join(this.#folder, 'city.pcap');
    const size = ['--population', '20000', '--from', '18:30', '--packets', String(packets)];
    const { code, stderr } = await runCli(['simulate', '--out', path, '--seed', '7', ...size]);
    if (code !== 0) throw new Error(stderr);
    return { name: 'simulated city', path, frameNames: [] };
  }

  #write(name: string, frames: readonly { name: string; bytes: Uint8Array }[], linkType = 1): Made {
    const path = join(this.#folder, `${name.replace(/\W+/g, '-')}.pcap`);
    const records = frames.map(({ bytes }, i) => ({ seconds: 1_700_000_000, fraction: i, bytes }));
    writeFileSync(path, pcapFile(records, { linkType }));
    return { name, path, frameNames: frames.map((frame) => frame.name) };
  }
}

/** A UDT from one subsystem to another. ITU-T Q.713 §4.10. */
function between(called: number, calling: number, user: Octets): number[] {
  const to = [2, 0x42, called];
  const from = [2, 0x42, calling];
  return [9, 0, 3, 5, 7, ...to, ...from, user.length, ...user];
}

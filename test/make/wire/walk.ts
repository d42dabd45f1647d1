import type { FrameSink } from '../../../server/capture/frame.ts';

/** One SCCP message of a packet, found by fixed offsets: just enough of a parser to look at what was encoded. */
export interface Walked {
  timeUs: number;
  down: boolean;
  /** Number of the BSC, from its address 10.2.0.x. */
  bsc: number;
  tsn: number;
  stream: number;
  ssn: number;
  opc: number;
  dpc: number;
  sls: number;
  sccp: Uint8Array;
  /** BSSAP part; empty where the message has none. */
  bssap: Uint8Array;
}

const chunkData = 0;
const chunkSack = 3;

export function walkPacket(timeUs: number, packet: Uint8Array): Walked[] {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const down = packet[14 + 12 + 1] === 1;
  const bsc = packet[14 + (down ? 19 : 15)] - 1;
  const walked: Walked[] = [];
  for (let at = 46; at < packet.length; ) {
    const type = packet[at];
    const length = view.getUint16(at + 2);
    if (type === chunkData) {
      const m3ua = at + 16;
      const protocolData = view.getUint16(m3ua + 8) === 6 ? m3ua + 16 : m3ua + 8;
      const end = protocolData + view.getUint16(protocolData + 2);
      const sccp = packet.slice(protocolData + 16, end);
      walked.push({
        timeUs,
        down,
        bsc,
        tsn: view.getUint32(at + 4),
        stream: view.getUint16(at + 8),
        ssn: view.getUint16(at + 10),
        opc: view.getUint32(protocolData + 4),
        dpc: view.getUint32(protocolData + 8),
        sls: packet[protocolData + 15],
        sccp,
        bssap: bssapOf(sccp),
      });
    } else if (type !== chunkSack) {
      throw new Error(`unexpected chunk ${type}`);
    }
    at += (length + 3) & ~3;
  }
  return walked;
}

function bssapOf(sccp: Uint8Array): Uint8Array {
  if (sccp[0] === 0x01) return sccp.slice(18, 18 + sccp[17]);
  if (sccp[0] === 0x06) return sccp.slice(7, 7 + sccp[6]);
  if (sccp[0] === 0x09) return sccp.slice(12, 12 + sccp[11]);
  return new Uint8Array(0);
}

/** Keeps all messages and packets. */
export class Recorder implements FrameSink {
  readonly messages: Walked[] = [];
  readonly packets: { timeUs: number; bytes: Uint8Array }[] = [];

  frame(timeUs: number, _linkType: number, bytes: Uint8Array, start: number, end: number): void {
    const packet = bytes.slice(start, end);
    this.packets.push({ timeUs, bytes: packet });
    this.messages.push(...walkPacket(timeUs, packet));
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

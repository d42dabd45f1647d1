import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCapture } from '../../server/capture/open-capture.ts';
import { Decoder } from '../../server/decode/decoder.ts';
import { firstPayloadSlice, MapMessage, mapPart } from '../../server/decode/map-message.ts';
import { part, SignalMessage } from '../../server/decode/message.ts';
import { MessageBatchReader } from '../../server/decode/message-batch-reader.ts';
import { MessageBatchWriter } from '../../server/decode/message-batch-writer.ts';
import { messageBatchBytes } from '../../server/decode/message-record.ts';
import type { Upcoming } from '../../server/decode/upcoming.ts';
import { sharedPath, sharedPresent } from '../tools/shared-inputs.ts';
import { type Plain, plain } from './collect.ts';
import { plainComponent } from './map-collect.ts';
import { mapFields } from './map-fields.ts';

const component = new MapMessage();

/** All that was written, read again. */
function readAll(writer: MessageBatchWriter): Plain[] {
  const reader = new MessageBatchReader();
  const message = new SignalMessage();
  const out: Plain[] = [];
  while (writer.waitingBytes > 0) {
    reader.open(writer.take());
    while (reader.nextTimeUs >= 0) {
      const timeUs = reader.nextTimeUs;
      reader.read(message, component);
      expect(message.timeUs).toBe(timeUs);
      out.push(plain(message));
    }
  }
  return out;
}

describe.runIf(sharedPresent)('messages on their way between threads', () => {
  test.each([
    'captures/osmo-lab/osmo_msc_a_iface.pcap',
    'captures/vectors/bssap_m3ua_sctp.pcap',
    'captures/pycrate/tcapmap_pcapr_dlt1.pcap',
  ])('are the same as before, of %s', async (path) => {
    const writer = new MessageBatchWriter();
    const before: Plain[] = [];
    const decoder = new Decoder({
      message: (message) => {
        before.push(plain(message));
        writer.message(message);
      },
    });
    const reader = await openCapture(sharedPath(path));
    while ((await reader.read(decoder, Number.POSITIVE_INFINITY, 1000)) !== 'end');
    await reader.close();
    expect(readAll(writer).map(carried)).toEqual(before.map(carried));
  });
});

/** What correlation has no use for, so it does not travel. */
const leftOut =
  /^(cells$|cellList(Offset|Length)|circuitIdentityCode|chosenChannel|speechVersion|rrCause|lcsCause|rerouteCause|ss[A-Z]|connected|sapi|iuConnection|rncPlmn|rac|parts$)/;
const carried = (message: Plain) => Object.fromEntries(Object.entries(message).filter(([name]) => !leftOut.test(name)));

const number32 = fc.integer({ min: -1, max: 0x7fff_ffff });
const octets = fc.uint8Array({ maxLength: 40 });
/** A field's own range where it is narrower than 31 bits. */
const ranges: Partial<Record<keyof SignalMessage, fc.Arbitrary<number>>> = {
  timeUs: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  parts: fc.integer({ min: 0, max: Object.values(part).reduce((bits: number, bit) => bits | bit, 0) }),
  sccpType: fc.integer({ min: -1, max: 255 }),
  bssmapType: fc.integer({ min: -1, max: 255 }),
  dtapType: fc.integer({ min: -1, max: 255 }),
  protocolDiscriminator: fc.integer({ min: -1, max: 15 }),
  imsi: fc.integer({ min: -1, max: 999_999_999_999_999 }),
  imei: fc.integer({ min: -1, max: 99_999_999_999_999 }),
  tmsi: fc.integer({ min: -1, max: 0xffff_ffff }),
  imsiDigits: fc.integer({ min: 0, max: 15 }),
  imeiDigits: fc.integer({ min: 0, max: 16 }),
  imeiTail: fc.integer({ min: 0, max: 99 }),
};
/** Which fields belong to which group; what is in none is in every message. */
const groups: Record<keyof typeof part, RegExp> = {
  place: /^(cell(Plmn|Lac|Ci|Sac)|lai)/,
  cells: /^(targetCell|cellListDiscriminator)/,
  identity: /^(imsi|imei|tmsi)/,
  detail: /^(bssmapCause|locationUpdatingType|cmServiceType|cause|rpType)$/,
  numbers: /^(called|calling|tpDestination|tpOriginator)(Offset|Length|Type)$/,
  addresses: /^(called|calling)(Ssn|Title)/,
  ranap: /^(ranap|cnDomain|rncId|targetRncId)/,
  channel: /^$/,
  rare: /^$/,
};

describe('any message', () => {
  const names = Object.keys(new SignalMessage()) as (keyof SignalMessage)[];
  const filled = fc
    .record({
      fromLower: fc.boolean(),
      named: fc.boolean(),
      fields: fc.record(Object.fromEntries(names.map((name) => [name, ranges[name] ?? number32]))),
      slices: fc.array(octets, { minLength: 6, maxLength: 6 }),
    })
    .map(({ fromLower, named, fields, slices }) => {
      const message = new SignalMessage();
      const parts = fields.parts;
      message.parts = parts;
      for (const name of names) {
        if (typeof message[name] !== 'number' || leftOut.test(name)) continue;
        const group = (Object.keys(groups) as (keyof typeof part)[]).find((key) => groups[key].test(name));
        if (group === undefined || (parts & part[group]) !== 0) Object.assign(message, { [name]: fields[name] });
      }
      message.fromLower = fromLower;
      if (!named) message.opc = message.dpc = -1;
      else if (message.opc < 0 || message.dpc < 0) message.opc = message.dpc = 7;
      const all = Buffer.concat(slices);
      message.bytes = all;
      message.addressBytes = all;
      const starts = slices.map((_, i) => slices.slice(0, i).reduce((sum, { length }) => sum + length, 0));
      if ((parts & part.numbers) !== 0) {
        (['called', 'calling', 'tpDestination', 'tpOriginator'] as const).forEach((name, i) => {
          message[`${name}Offset`] = starts[i];
          message[`${name}Length`] = slices[i].length;
        });
      }
      if ((parts & part.addresses) !== 0) {
        (['called', 'calling'] as const).forEach((name, i) => {
          message[`${name}TitleOffset`] = starts[4 + i];
          message[`${name}TitleDigits`] = slices[4 + i].length * 2;
        });
      }
      return message;
    });

  /** Everything a message says, slices as octets wherever they stand. */
  const said = (message: SignalMessage) => {
    const { bytes, addressBytes, parts, ...rest } = message;
    const out: Record<string, unknown> = { ...rest };
    for (const name of ['called', 'calling', 'tpDestination', 'tpOriginator'] as const) {
      const start = message[`${name}Offset`];
      out[`${name}Offset`] = start < 0 ? null : [...bytes.slice(start, start + message[`${name}Length`])];
    }
    for (const name of ['called', 'calling'] as const) {
      const start = message[`${name}TitleOffset`];
      const length = (message[`${name}TitleDigits`] + 1) >> 1;
      out[`${name}TitleOffset`] = start < 0 ? null : [...addressBytes.slice(start, start + length)];
    }
    return out;
  };

  test('keeps every field, in whatever company', () => {
    fc.assert(
      fc.property(fc.array(filled, { minLength: 1, maxLength: 20 }), (messages) => {
        const writer = new MessageBatchWriter();
        for (const message of messages) writer.message(message);
        const reader = new MessageBatchReader();
        const message = new SignalMessage();
        reader.open(writer.take());
        for (const expected of messages) {
          reader.read(message, component);
          expect(said(message)).toEqual(said(expected));
        }
        expect(reader.nextTimeUs).toBe(-1);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('goes into the next batch where one is full, and buffers are used again', () => {
    const writer = new MessageBatchWriter();
    const message = new SignalMessage();
    const count = 3 * (messageBatchBytes / 48);
    for (let i = 0; i < count; i++) {
      message.frame = i;
      writer.message(message);
    }
    const buffers = new Set<SharedArrayBuffer>();
    const reader = new MessageBatchReader();
    let next = 0;
    for (let pass = 0; pass < 2; pass++) {
      while (writer.waitingBytes > 0) {
        const batch = writer.take();
        buffers.add(batch.buffer);
        reader.open(batch);
        while (reader.nextTimeUs >= 0) {
          reader.read(message, component);
          expect(message.frame).toBe(next++);
        }
        writer.recycle(batch.buffer);
      }
      if (pass === 0) {
        next = 0;
        const before = buffers.size;
        for (let i = 0; i < 100; i++) {
          message.frame = i;
          writer.message(message);
        }
        expect(buffers.size).toBe(before);
      }
    }
    expect(next).toBe(100);
  });
});

describe('messages that are delivered', () => {
  const written = (count: number) => {
    const writer = new MessageBatchWriter();
    const message = new SignalMessage();
    for (let i = 0; i < count; i++) {
      message.resetSccp();
      message.frame = i;
      message.timeUs = 10 * i;
      message.link = i % 5;
      message.fromLower = i % 2 === 0;
      message.sccpType = 1 + (i % 6);
      message.sourceLocalReference = i % 3 === 0 ? -1 : i;
      message.destinationLocalReference = i % 4 === 0 ? -1 : 2 * i;
      message.opc = message.dpc = i % 7 === 0 ? -1 : i;
      if (i % 2 === 1) message.parts |= part.place;
      if (i % 8 > 4) {
        message.parts |= part.identity | part.cells;
        message.tmsi = 3 * i;
        message.imsi = i % 8 === 5 ? -1 : 4 * i;
        message.imsiDigits = i % 8 === 5 ? 0 : 15;
      }
      if (i % 10 === 9) writer.map(message, component);
      else writer.message(message);
    }
    const reader = new MessageBatchReader();
    reader.open(writer.take());
    return reader;
  };

  test('come up to a time, and no more than asked for', () => {
    const reader = written(100);
    const frames: number[] = [];
    const sink = {
      message: (m: SignalMessage) => void frames.push(m.frame),
      map: (m: SignalMessage) => sink.message(m),
    };
    expect(reader.deliver(sink, 100, 5)).toBe(5);
    expect(reader.deliver(sink, 100, 50)).toBe(6);
    expect(reader.deliver(sink, 100, 50)).toBe(0);
    expect(reader.newestUs).toBe(100);
    expect(reader.nextTimeUs).toBe(110);
    expect(reader.deliver(sink, Number.POSITIVE_INFINITY, 1000)).toBe(89);
    expect(frames).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('keep the numbers of their frames beyond 32 bits', () => {
    const writer = new MessageBatchWriter();
    const numbers = [5, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 32 - 1, 2 ** 32 + 7, 2 ** 32 + 7, 6e9, 8e9, 2 ** 33 + 1];
    for (const [i, frame] of numbers.entries()) {
      const message = new SignalMessage();
      message.frame = frame;
      message.timeUs = i;
      writer.message(message);
    }
    const reader = new MessageBatchReader();
    reader.open(writer.take());
    const frames: number[] = [];
    const message = (m: SignalMessage) => void frames.push(m.frame);
    reader.deliver({ message, map: message }, 100, 100);
    expect(frames).toEqual(numbers);
    expect(reader.frame).toBe(2 ** 33 + 1);
  });

  test('are told of before they come where the sink asks, each once and as it is', () => {
    const reader = written(1000);
    const announced: unknown[] = [];
    const came: unknown[] = [];
    const sink = {
      looksAhead: true,
      expect(u: Upcoming) {
        for (let k = 0; k < u.count; k++) {
          announced.push([
            ...[u.link[k], u.fromLower[k] === 1, u.sccpType[k], u.source[k], u.destination[k]],
            ...[u.opc[k], u.dpc[k], u.tmsi[k], u.imsi[k], u.imsiDigits[k]],
          ]);
        }
      },
      message(m: SignalMessage) {
        came.push([
          ...[m.link, m.fromLower, m.sccpType, m.sourceLocalReference, m.destinationLocalReference],
          ...[m.opc, m.dpc, m.tmsi, m.imsi, m.imsiDigits],
        ]);
        expect(announced.length).toBeGreaterThanOrEqual(came.length);
      },
    };
    reader.deliver(sink, Number.POSITIVE_INFINITY, 1000);
    expect(came).toHaveLength(900);
    expect(announced).toEqual(came);
    const other = written(1000);
    sink.looksAhead = false;
    expect(other.deliver({ ...sink, message: () => undefined }, Number.POSITIVE_INFINITY, 1000)).toBe(1000);
    expect(announced).toHaveLength(900);
  });
});

describe('any component', () => {
  /** Identities need more than 31 bits. */
  const wide = new Set<keyof MapMessage>(['otid', 'dtid', 'referenceImsi', 'imsi', 'tmsi', 'lmsi', 'imei']);
  const every = Object.values(mapPart).reduce((sum, bit) => sum | bit, 0);
  const filled = fc
    .record({
      parts: fc.integer({ min: 0, max: every }),
      values: fc.array(fc.integer({ min: -1, max: 2 ** 53 - 1 }), { minLength: 60, maxLength: 60 }),
      slices: fc.array(fc.tuple(fc.integer({ min: -1, max: 255 }), octets), { minLength: 17, maxLength: 17 }),
      taken: fc.integer({ min: 0, max: (1 << 17) - 1 }),
    })
    .map(({ parts, values, slices, taken }) => {
      const made = new MapMessage();
      let next = 0;
      for (const [group, fields] of Object.entries(mapFields)) {
        const bit = group === 'always' ? every : mapPart[group as keyof typeof mapPart];
        for (const field of fields) {
          const value = values[next++];
          if ((bit & parts) === 0 && group !== 'always') continue;
          made[field] = wide.has(field) ? value : value % 2 ** 31;
        }
      }
      made.parts = parts & ~mapPart.slices;
      made.bytes = Buffer.concat(slices.map(([, bytes]) => bytes));
      let at = 0;
      slices.forEach(([nature, bytes], slice) => {
        const isTaken = (parts & mapPart.slices) !== 0 && (taken & (1 << slice)) !== 0;
        if (isTaken) made.setSlice(slice, at, bytes.length, nature);
        at += bytes.length;
      });
      return made;
    });
  /** Payloads are left behind. */
  const numbersOnly = (made: MapMessage) => {
    const payloads = ['shortMessage', 'ussd', 'accessPdu'];
    return Object.fromEntries(
      Object.entries(plainComponent(made)).filter(
        ([name]) => !payloads.some((payload) => name === payload || name === `${payload}Nature`),
      ),
    );
  };

  test('keeps who and where, between messages of every kind', () => {
    expect(firstPayloadSlice).toBe(14);
    fc.assert(
      fc.property(fc.array(filled, { minLength: 1, maxLength: 10 }), (components) => {
        const writer = new MessageBatchWriter();
        const around = new SignalMessage();
        for (const [i, made] of components.entries()) {
          around.frame = i;
          writer.map(around, made);
          writer.message(around);
        }
        const reader = new MessageBatchReader();
        const message = new SignalMessage();
        reader.open(writer.take());
        for (const [i, made] of components.entries()) {
          expect(reader.read(message, component)).toBe(true);
          expect(message.frame).toBe(i);
          expect(numbersOnly(component)).toEqual(numbersOnly(made));
          expect(reader.read(message, component)).toBe(false);
        }
        expect(reader.nextTimeUs).toBe(-1);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

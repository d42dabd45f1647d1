import { describe, expect, test } from 'vitest';
import { PerReader } from '../../server/decode/per.ts';
import { hex } from './wire.ts';

function reader(octets: string): PerReader {
  const bytes = Uint8Array.from([0xff, ...hex(octets), 0xff]);
  const out = new PerReader('ranap');
  out.begin(bytes, 1, bytes.length - 1);
  return out;
}

describe('aligned PER', () => {
  test('reads bits across octets, the highest first', () => {
    const per = reader('a5 3c');
    expect([per.bits(3), per.bits(4), per.bits(8), per.bits(1)]).toEqual([0b101, 0b0010, 0b10011110, 0]);
    expect(() => per.bits(1)).toThrow('RANAP_TRUNCATED at octet 3');
  });

  test('gives a number of few values just its bits, and refuses those that it leaves over', () => {
    const per = reader('b0');
    expect([per.upTo(5), per.upTo(2)]).toEqual([5, 2]);
    expect(() => reader('e0').upTo(5)).toThrow('RANAP_BAD_VALUE');
  });

  test('begins numbers of 256 values and more at an octet', () => {
    const per = reader('80 07 01 02 ff');
    expect([per.flag(), per.octet(), per.pair(), per.octet()]).toEqual([true, 7, 0x0102, 255]);
    expect(() => per.octet()).toThrow('RANAP_TRUNCATED');
    expect(() => reader('01').pair()).toThrow('RANAP_TRUNCATED');
  });

  test('reads lengths of one and two octets and refuses fragments', () => {
    const short = reader('02 aa bb cc');
    short.openType();
    expect([short.valueStart, short.valueEnd, short.offset]).toEqual([2, 4, 4]);
    const long = reader(`80 80 ${'00 '.repeat(128)}`);
    long.openType();
    expect(long.valueEnd - long.valueStart).toBe(128);
    expect(() => long.finish()).not.toThrow();
    expect(() => reader('c1 00').openType()).toThrow('RANAP_BAD_LENGTH');
    expect(() => reader('03 00 00').openType()).toThrow('RANAP_TRUNCATED');
    expect(() => reader('80').openType()).toThrow('RANAP_TRUNCATED');
  });

  test('knows the end by the octet, whatever bits are left in it', () => {
    const per = reader('80 00');
    per.flag();
    expect(() => per.finish()).toThrow('RANAP_BAD_LENGTH');
    per.octets(1);
    expect(() => per.finish()).not.toThrow();
  });

  test('reads the index of an alternative behind the extension mark', () => {
    expect(reader('06').extensionIndex()).toBe(3);
    expect(() => reader('80').extensionIndex()).toThrow('RANAP_BAD_VALUE');
  });
});

import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../server/decode/decode-error.ts';
import { MapMessage, mapPart, mapSlice } from '../../server/decode/map-message.ts';
import { mapContextNames, mapErrorNames, mapOperationNames } from '../../server/decode/map-tables.ts';
import { DecodeState, defaultDecodeLimits } from '../../server/decode/state.ts';
import { decodeTcap } from '../../server/decode/tcap.ts';
import { componentTypeNames, tcapTypeNames, tcapUser } from '../../server/decode/tcap-tables.ts';
import { mapCollector, partsOf } from './map-collect.ts';
import { mapFields } from './map-fields.ts';
import { allTcapVectors, mapWireVectors, tcapWireVectors } from './map-vectors.ts';
import { hex } from './wire.ts';

/** Components of a message and the code of its flaw, between two subsystems. */
function decode(text: string, called = 6, calling = 7) {
  const { give, components, state } = mapCollector();
  let fault: string | undefined;
  try {
    give(Uint8Array.from(hex(text)), called, calling);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    fault = error.code;
  }
  return { components: [...components], fault, unhandled: [...state.stats.unhandled.keys()] };
}

/** A Continue around components: transaction identities 01 and 02. */
function around(components: string): string {
  const octets = hex(components);
  const header = ['65', octets.length + 8, '48 01 01 49 01 02 6c', octets.length];
  return `${header.map((part) => (typeof part === 'number' ? part.toString(16).padStart(2, '0') : part)).join(' ')} ${components}`;
}

describe('a TCAP message', () => {
  test('lets one record be used again and again', () => {
    const { give } = mapCollector();
    for (const { bytes, called, calling, components } of [...allTcapVectors, ...[...allTcapVectors].reverse()]) {
      expect(give(bytes, called, calling)).toEqual(components);
    }
  });

  test('tells an identity of one octet from one of four', () => {
    expect(decode('62 03 48 01 ff').components).toMatchObject([{ otid: 255, otidLength: 1 }]);
    expect(decode('62 06 48 04 00 00 00 ff').components).toMatchObject([{ otid: 255, otidLength: 4 }]);
    expect(decode('62 07 48 05 00 00 00 00 ff').fault).toBe('TCAP_BAD_LENGTH');
    expect(decode('62 02 48 00').fault).toBe('TCAP_BAD_LENGTH');
  });

  test.each([
    ['a Begin without its own identity', '62 03 49 01 01'],
    ['an End without the other one', '64 03 48 01 01'],
    ['a Continue with one of two', '65 03 48 01 01'],
    ['an Abort without any', '67 00'],
    ['an invoke without invoke identity', around('a1 03 02 01 02').replace(/a1 03 02 01 02$/, 'a1 03 04 01 02')],
    ['an invoke without operation', around('a1 03 02 01 01')],
    ['an error without code', around('a3 03 02 01 01')],
    ['a reject without problem', around('a4 03 02 01 01')],
    ['updateLocation without VLR', around('a1 13 02 01 01 02 01 02 30 0b 04 04 00 01 01 f0 81 03 91 99 f9')],
  ])('lacks something: %s', (_, text) => {
    expect(decode(text).fault).toMatch(/^(TCAP|MAP)_MISSING_ELEMENT$/);
  });

  test('gives the components before a flaw, and of the broken one what stands before it', () => {
    const good = 'a2 03 02 01 05';
    // An IMSI of 3 octets with a digit above 9.
    const bad = 'a1 0b 02 01 06 02 01 38 04 03 00 a1 f0';
    const { components, fault } = decode(around(`${good} ${bad} ${good}`));
    expect(fault).toBe('MAP_BAD_IDENTITY');
    expect(components).toMatchObject([
      { componentType: 2, invokeId: 5 },
      { componentType: 1, componentIndex: 1, invokeId: 6, operation: 56 },
    ]);
    expect(components).toHaveLength(2);
    expect(components[1]).not.toHaveProperty('imsi');
  });

  test('is read up to octets that stand behind it', () => {
    const { components, fault } = decode('62 03 48 01 01 00');
    expect([components.length, fault]).toEqual([1, 'TCAP_BAD_LENGTH']);
  });

  test('is read up to its end where its length goes beyond it', () => {
    const whole = around('a1 06 02 01 07 02 01 38');
    const { components, fault } = decode(whole.replace(/^65 \S\S/, '65 7f'));
    expect(fault).toBe('TCAP_BAD_LENGTH');
    expect(components).toMatchObject([{ otid: 1, dtid: 2, invokeId: 7, operation: 56 }]);
  });

  test('tells its identities though what stands behind them is broken', () => {
    const { components, fault } = decode('62 0a 48 04 01 02 03 04 6c 20 a1 00');
    expect(fault).toBe('TCAP_BAD_LENGTH');
    expect(components).toMatchObject([{ tcapType: 2, otid: 0x01020304 }]);
    expect(components[0]).not.toHaveProperty('componentType');
  });

  test('of another kind is counted by its name', () => {
    expect(decode('e2 02 c7 00')).toEqual({ components: [], fault: undefined, unhandled: ['ANSI TCAP'] });
    expect(decode('63 00').unhandled).toEqual(['TCAP message type 99']);
    expect(decode('62 05 48 01 01 5f 00').fault).toBe('TCAP_TRUNCATED');
    expect(decode('62 05 48 01 01 4d 00').unhandled).toEqual(['TCAP element 77']);
    expect(decode(around('a5 03 02 01 01')).unhandled).toEqual(['TCAP component 165']);
  });

  test.each([
    [
      'an operation of the list that brings nothing of use here',
      around('a1 06 02 01 01 02 01 54'),
      'MAP sendGroupCallInfo',
    ],
    ['a code that no specification gives', around('a1 06 02 01 01 02 01 7f'), 'MAP operation 127'],
    ['a private operation', around('a1 07 02 01 01 06 02 2a 03'), 'MAP private operation'],
    ['an operation code of two octets', around('a1 07 02 01 01 02 02 01 00'), 'MAP private operation'],
    [
      'a parameter in a form of no version',
      around('a1 08 02 01 01 02 01 38 05 00'),
      'MAP sendAuthenticationInfo in another form',
    ],
    ['an error that no specification gives', around('a3 06 02 01 01 02 01 7e'), 'MAP error 126'],
  ])('names what it does not take apart: %s', (_, text, name) => {
    expect(decode(text)).toMatchObject({ fault: undefined, unhandled: [name], components: [{ invokeId: 1 }] });
  });

  test.each([
    ['an operation of CAP', 'a1 06 02 01 01 02 01 17', 146, 'CAP requestReportBCSMEvent'],
    ['an operation of CAP for short messages', 'a1 06 02 01 01 02 01 3c', 146, 'CAP initialDPSMS'],
    ['an operation of CAP that has no name', 'a1 06 02 01 01 02 01 01', 146, 'CAP operation 1'],
    ['a private operation of CAP', 'a1 07 02 01 01 06 02 2a 03', 146, 'CAP invoke'],
    ['an operation of CAP beyond all codes', 'a1 07 02 01 01 02 02 01 00', 146, 'CAP private operation'],
    ['an error of CAP', 'a3 06 02 01 01 02 01 0c', 146, 'CAP taskRefused'],
    ['an answer of CAP', 'a2 03 02 01 01', 146, 'CAP returnResultLast'],
  ])('names what it does not take apart: %s', (_, component, subsystem, name) => {
    expect(decode(around(component), subsystem, -1)).toMatchObject({
      fault: undefined,
      unhandled: [name],
      components: [{ invokeId: 1, user: tcapUser.cap }],
    });
  });

  test('of core INAP is named by its operation', () => {
    // Begin with the application context {0 4 0 1 1 0 3 0}, cs1-ssp-to-scp; initialDP, activateServiceFiltering.
    const dialogue = '6b 1b 28 19 06 07 00 11 86 05 01 01 01 a0 0e 60 0c a1 0a 06 08 04 00 01 01 00 01 00 00';
    const components = '6c 10 a1 06 02 01 01 02 01 00 a1 06 02 01 02 02 01 2a';
    const length = (3 + hex(dialogue).length + hex(components).length).toString(16);
    expect(decode(`62 ${length} 48 01 01 ${dialogue} ${components}`).unhandled).toEqual([
      'INAP initialDP',
      'INAP activateServiceFiltering',
    ]);
  });

  test('has the user that its application context names, else that of its subsystems', () => {
    const invoke = around('a1 03 02 01 01');
    const userOf = (called: number, calling: number) => decode(invoke, called, calling).components[0].user;
    expect([userOf(6, 7), userOf(11, 8), userOf(149, -1)]).toEqual([tcapUser.map, tcapUser.map, tcapUser.map]);
    expect([userOf(146, 8), userOf(8, 146)]).toEqual([tcapUser.cap, tcapUser.cap]);
    expect([userOf(11, 12), userOf(-1, -1)]).toEqual([undefined, undefined]);
    const context = (oid: string) => {
      const name = hex(oid);
      const open = (tag: string, inner: string) => `${tag} ${hex(inner).length.toString(16).padStart(2, '0')} ${inner}`;
      const request = open(
        '60',
        open('a1', open('06', name.map((octet) => octet.toString(16).padStart(2, '0')).join(' '))),
      );
      const external = open('28', `06 07 00 11 86 05 01 01 01 ${open('a0', request)}`);
      return decode(open('62', `48 01 01 ${open('6b', external)}`), 6, 7).components[0];
    };
    expect(context('04 00 00 01 00 01 03')).toMatchObject({ user: tcapUser.map, context: 1, contextVersion: 3 });
    expect(context('04 00 00 01 00 32 01')).toMatchObject({ user: tcapUser.cap });
    // No specification gives 48 to a context.
    expect(context('04 00 00 01 00 30 03')).toMatchObject({ user: tcapUser.other });
    expect(context('04 00 00 01 15 03 04')).toMatchObject({ user: tcapUser.cap });
    expect(context('04 00 01 01 01 00 00')).toMatchObject({ user: tcapUser.inap });
    expect(context('2a 86 3a 00 89 61')).toMatchObject({ user: tcapUser.other });
    expect(context('2a 86 3a 00 89 61')).not.toHaveProperty('context');
  });

  test('sets the SCCP message aside only when a sink took a component', () => {
    const bytes = Uint8Array.from(hex(around('a2 03 02 01 01')));
    const without = new DecodeState({ message: () => {} }, defaultDecodeLimits);
    const taking = new DecodeState({ message: () => {}, map: () => {} }, defaultDecodeLimits);
    for (const state of [without, taking]) {
      state.deliverable = true;
      decodeTcap(state, bytes, 0, bytes.length);
    }
    expect([without.deliverable, taking.deliverable]).toEqual([true, false]);
    expect([without.stats.messages, taking.stats.messages]).toEqual([0, 1]);
    expect(taking.stats.layers.tcap).toBe(1);
  });
});

describe('the record', () => {
  test('lists every number it holds for those who carry it', () => {
    const listed = Object.values(mapFields).flat();
    const numbers = Object.entries(new MapMessage()).filter(([, value]) => typeof value === 'number');
    expect([...listed, 'sliceBits'].sort()).toEqual(numbers.map(([name]) => name).sort());
  });

  test('marks exactly the groups that a component fills', () => {
    for (const { bytes, called, calling } of allTcapVectors) {
      const state = new DecodeState(
        {
          message: () => {},
          map: (_, component) => {
            const fresh = new MapMessage();
            const filled = Object.entries(mapFields)
              .filter(([group, names]) => group !== 'always' && names.some((name) => component[name] !== fresh[name]))
              .map(([group]) => group);
            if (component.sliceBits !== 0) filled.push('slices');
            expect(partsOf(component)).toEqual(Object.keys(mapPart).filter((group) => filled.includes(group)));
          },
        },
        defaultDecodeLimits,
      );
      state.message.calledSsn = called;
      state.message.callingSsn = calling;
      decodeTcap(state, bytes, 0, bytes.length);
    }
  });

  test('has a vector for every slice', () => {
    const all = [...tcapWireVectors, ...mapWireVectors].flatMap(({ components }) => components);
    expect(Object.keys(mapSlice).filter((name) => !all.some((component) => name in component))).toEqual([]);
    expect(new MapMessage().sliceOffset(mapSlice.msc)).toBe(-1);
    expect(new MapMessage().sliceLength(mapSlice.msc)).toBe(0);
  });
});

test('names messages, components, contexts, operations and errors as the specifications do', () => {
  expect([1, 2, 4, 5, 7].map((type) => tcapTypeNames[type])).toEqual([
    'Unidirectional',
    'Begin',
    'End',
    'Continue',
    'Abort',
  ]);
  expect([1, 2, 3, 4, 7].map((type) => componentTypeNames[type])).toEqual([
    'invoke',
    'returnResultLast',
    'returnError',
    'reject',
    'returnResultNotLast',
  ]);
  expect([mapOperationNames[2], mapErrorNames[8], mapContextNames[1]]).toEqual([
    'updateLocation',
    'roamingNotAllowed',
    'networkLocUp',
  ]);
});

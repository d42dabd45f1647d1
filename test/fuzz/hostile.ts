import {
  dataChunk,
  dataForm1,
  ethernet,
  frameOf,
  ipv4,
  ipv6,
  type Octets,
  sctp,
  u16,
  u32,
  unitdata,
} from '../decode/wire.ts';

/** Frames that were thought out to cost much, or to fill a table. */
export interface Hostile {
  name: string;
  linkType: number;
  frames: ArrayLike<number>[];
  /** What it must be refused for, where nothing else shows that it was. */
  fault?: string;
}

/** Octets of the largest frames: as many as a jumbo frame has. */
const large = 7000;

const times = (n: number, octets: Octets): number[] => Array.from({ length: n }, () => octets).flat();
const many = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

/** LUDT between two MAP subsystems: pointers and lengths of two octets, least significant first. ITU-T Q.713 §4.20. */
function ludt(user: Octets): number[] {
  const address = [2, 0x42, 6];
  const low = (value: number) => [value & 0xff, value >> 8];
  return [0x13, 0, 15, ...low(7), ...low(8), ...low(9), 0, 0, ...address, ...address, ...low(user.length), ...user];
}

/** A Begin of indefinite length with a component portion of these octets. */
const begin = (components: Octets): number[] => [0x62, 0x80, 0x48, 1, 1, 0x6c, 0x80, ...components, 0, 0, 0, 0];

const tcapLong: [name: string, user: number[]][] = [
  ['open indefinite lengths inside each other', times(large / 2, [0x62, 0x80])],
  ['components of indefinite length inside each other', begin(times(large / 2 - 20, [0xa1, 0x80]))],
  [
    'sixteen levels around many elements',
    begin([...times(14, [0xa1, 0x80]), ...times(1500, [4, 0]), ...times(14, [0, 0])]),
  ],
  ['many components without anything', begin(times(1000, [0xa1, 0]))],
  ['many components with an invoke identity', begin(times(1000, [0xa1, 3, 2, 1, 1]))],
  ['a tag number without end', begin([0xbf, ...times(2000, [0xff])])],
  ['a length of the largest kind', [0x62, 0x84, 0xff, 0xff, 0xff, 0xff, ...times(100, [0])]],
  ['transaction portion of unknown elements', [0x62, 0x80, ...times(1500, [0x9f, 0x1f, 0])]],
];

/** Well-formed, but for being deeper than sixteen levels. */
const tooDeep = ludt(begin([...times(20, [0xa1, 0x80]), 2, 1, 1, ...times(20, [0, 0])]));

const overSctp = (chunks: Octets[]) => ethernet(ipv4(sctp(chunks)));
const segment = (sequence: number, payload: Octets) => {
  const header = [0x13, 0x88, 0x9c, 0x40, ...u32(sequence), 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0];
  return ethernet(ipv4([...header, ...payload], { protocol: 6 }));
};

const single = (name: string, frame: ArrayLike<number>, linkType = 1): Hostile => ({ name, linkType, frames: [frame] });

/** Everything that is hostile by design. */
export function hostileInputs(): Hostile[] {
  return [
    ...tcapLong.map(([name, user]) => single(`TCAP: ${name}`, ludt(user), 142)),
    { ...single('TCAP: twenty levels that are closed', tooDeep, 142), fault: 'TCAP_BAD_LENGTH' },
    single('VLAN tags inside each other', ethernet([], { vlans: many(1500, () => [0x8100, 1]) })),
    single(
      'extension headers behind each other',
      ethernet(
        ipv6(
          [],
          many(800, () => [0, [0, ...times(6, [0])]]),
        ),
        { type: 0x86dd },
      ),
    ),
    single('chunks without contents', overSctp(many(1500, () => [3, 0, 0, 4]))),
    single('DATA chunks without contents', overSctp(many(340, (i) => dataChunk(i, [0])))),
    single('DATA chunks of one begun message', overSctp(many(300, (i) => dataChunk(i, [0], { flags: 0 })))),
    single(
      'M3UA parameters without contents',
      overSctp([dataChunk(1, [1, 0, 1, 1, ...u32(6008), ...times(1500, [0, 9, 0, 4])])]),
    ),
    single('BSSMAP elements of one octet', frameOf(unitdata([0, 250, 0x52, ...times(249, [0x40])]))),
    single(
      'RANAP that claims 65,535 elements',
      frameOf(unitdata([0, 20, 0x40, 9, 0, 0xff, 0xff, 0, 35, 0x40, 2, 0xff, 0xff], [0x42, 142])),
    ),
    {
      name: 'first fragments of many datagrams',
      linkType: 1,
      frames: many(500, (i) => ethernet(ipv4(times(16, [0]), { identification: i, more: true }))),
    },
    {
      name: 'tiny fragments of one datagram',
      linkType: 1,
      frames: many(500, (i) => ethernet(ipv4(times(8, [0]), { identification: 1, offset: 16 * i, more: true }))),
    },
    {
      name: 'fragments of messages without a beginning',
      linkType: 1,
      frames: many(500, (i) => overSctp([dataChunk(1000 - i, [0], { flags: 0 })])),
    },
    {
      name: 'messages without an end',
      linkType: 1,
      frames: many(500, (i) => frameOf(dataForm1(i, times(200, [0]), true), { tsn: i })),
    },
    {
      name: 'one message without an end',
      linkType: 1,
      frames: many(1500, (i) => frameOf(dataForm1(7, times(250, [0]), true), { tsn: i })),
    },
    {
      name: 'many point codes',
      linkType: 1,
      frames: many(500, (i) => frameOf(unitdata([0, 1, 0x30]), { opc: i, dpc: 1000 + i, tsn: i })),
    },
    {
      name: 'many associations',
      linkType: 1,
      frames: many(500, (i) => frameOf(unitdata([0, 1, 0x30]), { tag: i, tsn: i })),
    },
    {
      name: 'TCP segments behind a hole',
      linkType: 1,
      frames: [segment(0, [0, 1, 0xfe]), ...many(500, (i) => segment(100 + 20 * (500 - i), [0, 1, 0xfe, 0]))],
    },
    {
      name: 'an IPA message of full length in small segments',
      linkType: 1,
      frames: [segment(0, [0xff, 0xff, 0xfd]), ...many(500, (i) => segment(3 + 8 * i, times(8, [6])))],
    },
    {
      name: 'SUA parameters without contents',
      linkType: 1,
      frames: [overSctp([dataChunk(1, [1, 0, 7, 1, ...u32(6008), ...times(1500, [0, 9, ...u16(4)])], { payload: 4 })])],
    },
  ];
}

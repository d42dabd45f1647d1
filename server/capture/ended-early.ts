/** Why a source ended before its end, once it has. */
export interface EndedEarly {
  /** The reason under which the fault is counted: one of {@link endFaults}. */
  readonly code: string;
  /** One line: what, where, what to do. */
  readonly message: string;
}

/** Reasons for which a capture ends early; everything before that place was read. */
const captureFaults = [
  /** Cut in the middle of a record. */
  'TRUNCATED_CAPTURE',
  /** A record has an impossible length. */
  'CORRUPT_RECORD',
  'CORRUPT_GZIP',
  'TRUNCATED_GZIP',
  /** The system could not read on. */
  'UNREADABLE',
] as const;
export type CaptureFault = (typeof captureFaults)[number];

/** Reasons for which a file of decoded records ends early. */
const recordsFaults = ['XDR_CUT_FILE', 'XDR_BROKEN_CSV'] as const;
export type RecordsFault = (typeof recordsFaults)[number];

/** All reasons that end a source, unlike those for which one record is skipped. */
export const endFaults: ReadonlySet<string> = new Set([...captureFaults, ...recordsFaults]);

const number = (value: number) => value.toLocaleString('en');

/** Where a capture ended. */
export interface CaptureEnd {
  readonly fault: CaptureFault;
  /** What messages call the capture. */
  readonly name: string;
  /** What ended it: `packet 81`. */
  readonly record: string;
  /** Where that record begins, octets from the start of the (unpacked) capture. */
  readonly atByte: number;
  /** Octets of the whole source; -1 where it is packed or has no size. */
  readonly sizeBytes: number;
}

/** The end of a capture in one line. */
export function captureEndedEarly({ fault, name, record, atByte, sizeBytes }: CaptureEnd): EndedEarly {
  const place = sizeBytes < 0 ? `byte ${number(atByte)}, unpacked` : `byte ${number(atByte)} of ${number(sizeBytes)}`;
  switch (fault) {
    case 'TRUNCATED_CAPTURE':
      return { code: fault, message: `${name} ends inside ${record} (${place}); copy the file again` };
    case 'CORRUPT_RECORD':
      return {
        code: fault,
        message: `${name} is damaged: ${record} (${place}) has an impossible length; copy the file again`,
      };
    case 'TRUNCATED_GZIP':
      return {
        code: fault,
        message: `${name}: its gzip data is cut off at ${record} (${place}); copy the file again`,
      };
    case 'CORRUPT_GZIP':
      return {
        code: fault,
        message: `${name}: its gzip data is damaged at ${record} (${place}); copy the file again`,
      };
    case 'UNREADABLE':
      return { code: fault, message: `${name} can't be read on at ${record} (${place}); check the disk` };
  }
}

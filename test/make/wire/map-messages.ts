import { BerWriter } from '../../../fixtures/make/wire/map/ber-writer.ts';
import { updateLocation } from '../../../fixtures/make/wire/map/mobility.ts';
import { ussd } from '../../../fixtures/make/wire/map/services.ts';
import * as tcap from '../../../fixtures/make/wire/map/tcap.ts';
import { enquiryExamples } from './map-enquiry-examples.ts';
import { imsi, type MapExample, mapExamples } from './map-examples.ts';

/** A TCAP message as the encoder writes it, and the subsystems it goes between. */
export interface MapVector {
  name: string;
  clause: string;
  called: number;
  calling: number;
  bytes: Uint8Array;
}

const otid = 0x10000001;
const dtid = 0x20000002;
const hlrSsn = 6;
const vlrSsn = 7;

function written(isIndefinite: boolean, write: (w: BerWriter) => void): Uint8Array {
  const w = new BerWriter();
  w.isIndefinite = isIndefinite;
  write(w);
  return w.out.bytes.slice(0, w.out.at);
}

const callHandling = new Set([4, 6, 22, 73, 74, 75, 87, 88]);
const supplementaryServices = new Set([10, 11, 12, 13, 14, 17, 19, 59, 60, 61, 72]);
const shortMessages = new Set([44, 45, 46, 47, 49, 63, 64, 66]);
const locationServices = new Set([83, 85, 86]);
const tracing = new Set([50, 51]);
/** Operations that version 3 has no more. */
const old = new Set([9, 19, 28, 30, 48, 49]);

function partOf(operation: number): number {
  if (callHandling.has(operation)) return 3;
  if (supplementaryServices.has(operation)) return 4;
  if (shortMessages.has(operation)) return 5;
  if (locationServices.has(operation)) return 8;
  return operation === 58 || tracing.has(operation) ? 2 : 1;
}

/** Where the operation or error is defined. */
function clauseOf({ kind, operation, context: [, version] }: MapExample): string {
  const part = kind === 'error' ? 6 : partOf(operation);
  return version < 3 || old.has(operation) ? `GSM 09.02 §17.6.${part}` : `3GPP TS 29.002 §17.6.${part}`;
}

/**
 * An example as the only component of a message: BEGIN with AARQ for an invoke, END with AARE for an answer. Version 1
 * has no dialogue portion, and is known by that. GSM 09.02 §15.
 */
function messageOf(example: MapExample, isIndefinite: boolean): MapVector {
  const { kind, operation, name, write } = example;
  const hasDialogue = example.context[1] > 1;
  const context = tcap.mapContext(...example.context);
  const bytes = written(isIndefinite, (w) => {
    if (kind === 'invoke') {
      tcap.openMessage(w, tcap.message.begin, otid);
      if (hasDialogue) tcap.writeDialogueRequest(w, context);
    } else {
      tcap.openMessage(w, tcap.message.end, undefined, dtid);
      if (hasDialogue) tcap.writeDialogueResponse(w, context, true);
    }
    tcap.openComponents(w);
    if (kind === 'invoke') {
      tcap.openInvoke(w, 1, operation);
      write(w);
      w.close();
    } else if (kind === 'result') {
      tcap.openResult(w, 1, operation);
      write(w);
      tcap.closeResult(w);
    } else {
      tcap.openError(w, 1, example.error ?? 0);
      write(w);
      w.close();
    }
    w.close();
    w.close();
  });
  const fullName = isIndefinite ? `${name}, indefinite lengths` : name;
  return { name: fullName, clause: clauseOf(example), called: hlrSsn, calling: vlrSsn, bytes };
}

/** One component of each operation and error; a few of them once more with indefinite lengths. */
export const mapVectors: MapVector[] = [
  ...mapExamples.map((example) => messageOf(example, false)),
  ...enquiryExamples.map((example) => messageOf(example, false)),
  ...mapExamples
    .filter(({ name }) => /^(updateLocation v3 |cancelLocation v3 with|sendRoutingInfo v3 r|error roaming)/.test(name))
    .map((example) => messageOf(example, true)),
];

const locationUpdate = tcap.mapContext(1, 3);
const writeUpdate = (w: BerWriter) => updateLocation(w, { imsi, msc: '99920000003', vlr: '99920000002' });

/** A message whose transaction and dialogue matter, between HLR and VLR if nothing else is said. */
function message(
  name: string,
  type: keyof typeof tcap.message,
  inside: (w: BerWriter) => void,
  called = hlrSsn,
  calling = vlrSsn,
): MapVector {
  const bytes = written(false, (w) => {
    const hasOtid = type === 'begin' || type === 'continue';
    const hasDtid = type === 'end' || type === 'continue' || type === 'abort';
    tcap.openMessage(w, tcap.message[type], hasOtid ? otid : undefined, hasDtid ? dtid : undefined);
    inside(w);
    w.close();
  });
  return { name, clause: 'ITU-T Q.773 §4.2', called, calling, bytes };
}

function components(w: BerWriter, write: () => void): void {
  tcap.openComponents(w);
  write();
  w.close();
}

function invokeUpdate(w: BerWriter, id: number, linkedId?: number): void {
  tcap.openInvoke(w, id, 2, linkedId);
  writeUpdate(w);
  w.close();
}

/** Transactions, dialogues and components. */
export const tcapVectors: MapVector[] = [
  message('Begin without components', 'begin', (w) => tcap.writeDialogueRequest(w, locationUpdate)),
  message('Begin of MAP version 1, known by its subsystem', 'begin', (w) => components(w, () => invokeUpdate(w, 1))),
  message('Begin whose user nobody names', 'begin', (w) => components(w, () => invokeUpdate(w, 1)), 12, 11),
  message(
    'Begin of CAP, known by its application context',
    'begin',
    (w) => {
      tcap.writeDialogueRequest(w, [0x04, 0x00, 0x00, 0x01, 0x17, 0x03, 0x04]);
      components(w, () => {
        tcap.openInvoke(w, 1, 16);
        w.close();
      });
    },
    146,
    8,
  ),
  message(
    'Continue of CAP, known by its subsystem',
    'continue',
    (w) =>
      components(w, () => {
        tcap.openInvoke(w, 2, 31);
        w.close();
      }),
    8,
    146,
  ),
  message('Begin with USSD, the IMSI in MAP-OPEN', 'begin', (w) => {
    tcap.writeDialogueRequest(w, tcap.mapContext(19, 2), imsi);
    components(w, () => {
      tcap.openInvoke(w, 1, 59);
      ussd(w, '*100#');
      w.close();
    });
  }),
  message('Continue without dialogue portion, two components', 'continue', (w) =>
    components(w, () => {
      tcap.writeEmptyResult(w, 1);
      invokeUpdate(w, 2, 1);
    }),
  ),
  message('Continue with a result that goes on', 'continue', (w) =>
    components(w, () => {
      tcap.openResult(w, -128, 60, false);
      ussd(w, '1');
      tcap.closeResult(w);
    }),
  ),
  message('End that refuses the application context', 'end', (w) =>
    tcap.writeDialogueResponse(w, tcap.mapContext(1, 2), false),
  ),
  message('End with a negative invoke identity', 'end', (w) => components(w, () => tcap.writeEmptyResult(w, -1))),
  message('Abort by the transaction sublayer', 'abort', (w) => tcap.writeAbortCause(w, 1)),
  message('Abort by the user', 'abort', (w) => tcap.writeDialogueAbort(w, 'user')),
  message('Abort by the dialogue service', 'abort', (w) => tcap.writeDialogueAbort(w, 'provider')),
  message('Abort without reason', 'abort', () => {}),
  message('Unidirectional', 'unidirectional', (w) => {
    tcap.writeUnidialogue(w, tcap.mapContext(23, 1));
    components(w, () => invokeUpdate(w, 1));
  }),
  ...[0, 1, 2, 3].map((problem) =>
    message(`Reject, problem type ${problem}`, 'end', (w) =>
      components(w, () => tcap.writeReject(w, problem === 0 ? undefined : 1, problem, 1)),
    ),
  ),
];

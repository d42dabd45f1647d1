import { expect, it } from 'vitest';
import { part } from '../../server/decode/message.ts';
import * as s from './steps.ts';

const startUs = 1_790_000_000_000_000;
const cause = 5;

const asked = (service: number) =>
  new s.Line(s.bscA, 1, startUs)
    .open({ ...s.completeLayer3, ...s.cellOne, ...s.cmServiceRequest(service), ...s.imsi(1) })
    .confirm();
const talking = () => asked(1).up(s.call(s.setup, 0)).down(s.call(s.connect, 8));
const onIu = (ranapProcedure: number, more: object = {}) => ({ parts: part.ranap, ranapProcedure, ...more });

/** What ended the only procedure of a line. */
function endOf(line: s.Line): unknown[] {
  const bench = s.makeBench();
  bench.play(...line.steps);
  const row = bench.rows.find(({ kind }) => kind !== 'sighting')!;
  return [row.outcome, row.causeOf, row.cause];
}

it.each([
  [
    'CM SERVICE REJECT',
    asked(1)
      .down({ ...s.cmServiceReject, cause })
      .clear(),
    'rejected',
    'MM',
  ],
  [
    'DISCONNECT',
    asked(1)
      .up(s.call(s.setup, 0))
      .down({ ...s.call(s.disconnect, 8), cause })
      .clear(),
    'failed',
    'CC',
  ],
  [
    'RELEASE COMPLETE of a supplementary service',
    asked(8)
      .up({ protocolDiscriminator: 11, dtapType: 0x3b, transactionId: 0 })
      .down({ protocolDiscriminator: 11, dtapType: 0x2a, transactionId: 8, cause })
      .clear(),
    'failed',
    'CC',
  ],
  [
    'RP-ERROR',
    asked(4)
      .up(s.sms(s.cpData, 0, 0))
      .down({ ...s.sms(s.cpData, 8, 5), cause })
      .clear(),
    'failed',
    'RP',
  ],
  [
    'CP-ERROR',
    asked(4)
      .up(s.sms(s.cpData, 0, 0))
      .down({ ...s.sms(0x10, 8), cause })
      .clear(),
    'failed',
    'CP',
  ],
  [
    'CLEAR REQUEST',
    talking()
      .up({ ...s.clearRequest, bssmapCause: cause })
      .clear(),
    'dropped',
    'BSSMAP',
  ],
  [
    'CLEAR COMMAND',
    talking()
      .down({ ...s.clearCommand, bssmapCause: cause })
      .release(),
    'dropped',
    'BSSMAP',
  ],
  [
    'Iu-ReleaseRequest',
    talking()
      .up(onIu(11, { ranapCause: cause }))
      .release(),
    'dropped',
    'RANAP',
  ],
])('says by whose list the cause of %s is to be read', (_name, line, outcome, list) => {
  expect(endOf(line)).toEqual([outcome, list, cause]);
});

it('says the same of what SCCP refuses and releases', () => {
  const [open, confirm] = asked(1).steps;
  const bench = s.makeBench();
  bench.play(open, { ...confirm, fields: { sccpType: 3, destinationLocalReference: 1, sccpCause: 5 } });
  expect(bench.rows.at(-1)).toMatchObject({ outcome: 'failed', causeOf: 'SCCP refusal', cause: 5 });
  const lost = talking().release();
  // 11, network congestion, is no handover that came about: that is 11 of BSSMAP and of RANAP.
  for (const step of lost.steps) if (step.fields.sccpType === 4) step.fields = { ...step.fields, sccpCause: 11 };
  expect(endOf(lost)).toEqual(['dropped', 'SCCP release', 11]);
});

/** Where a sender of an acknowledged feed stands or has to go on: its life, and its batches counted from 1 in it. */
export interface PushPlace {
  readonly epoch: number;
  readonly seq: number;
}

/** A batch that is not taken: nothing of it, and nothing of it is remembered. Its message holds no value of a row. */
export class PushRefusal extends Error {
  override name = 'PushRefusal';
  /** As in HTTP. */
  readonly status: number;
  readonly code: string;
  /** The batch that would be taken, where this one is out of turn. */
  readonly expected: PushPlace | undefined;

  constructor(status: number, code: string, message: string, expected?: PushPlace) {
    super(message);
    this.status = status;
    this.code = code;
    this.expected = expected;
  }
}

/** A row with a field that is none. @param where the line or row, counted from 1 */
export function badField(where: string, name: string, must: string): PushRefusal {
  return new PushRefusal(
    400,
    'PUSH_FIELD',
    `${where}: field '${name}' must be ${must}; nothing of the batch was taken`,
  );
}

/** A batch whose form is wrong. */
export function badBatch(message: string): PushRefusal {
  return new PushRefusal(400, 'PUSH_FORM', `${message}; nothing of the batch was taken`);
}

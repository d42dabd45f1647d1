/**
 * The build of msgpackr without `new Function`, which the wall's Content-Security-Policy forbids. The package ships no
 * types for this entry point; only what the codec uses is declared.
 */
declare module 'msgpackr/index-no-eval' {
  export interface CodecOptions {
    /** False: plain msgpack maps instead of the record extension. */
    useRecords: false;
    mapsAsObjects?: boolean;
  }
  export class Packr {
    constructor(options: CodecOptions);
    /** The bytes stay valid: later calls write behind them or into a new buffer. */
    pack(value: unknown): Uint8Array;
  }
  export class Unpackr {
    constructor(options: CodecOptions);
    /** Binaries in the result are views of `bytes`. Throws on anything that is not exactly one msgpack value. */
    unpack(bytes: Uint8Array): unknown;
  }
}

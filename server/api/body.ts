import { Refusal, type Reply } from './http.ts';

/** Code and message of what is refused of a body. */
export interface BodyRefusals {
  /** The sender went away before its end. */
  readonly cut: readonly [code: string, message: string];
  readonly large: readonly [code: string, message: string];
}

/**
 * The whole body of a request, or of one that is not wanted nothing, once it has come. To be called before the request's
 * handler returns.
 *
 * @throws Refusal 413 at once when it is too large; 400 when it is cut
 */
export function readBody(reply: Reply, bytesMax: number, wanted: boolean, of: BodyRefusals): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    reply.onAborted(() => reject(new Refusal(400, ...of.cut)));
    reply.response.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) {
        chunks.length = 0;
        reject(new Refusal(413, ...of.large));
        return;
      }
      // The chunk is the server's own once this call is over.
      if (wanted) chunks.push(new Uint8Array(chunk.slice(0)));
      if (isLast) resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

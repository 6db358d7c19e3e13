// The container of a workbook: the directory is read here, fflate inflates, and every byte that
// comes out is counted against a limit before it is used.
import { Inflate } from "../../vendor/fflate/fflate.mjs";

import { ImportProblem } from "./problem.mjs";

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const UNKNOWN_32 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const SLICE = 32 * 1024;

/** A zip file in memory whose entries are unpacked piece by piece. */
export class Zip {
  /**
   * @param {Uint8Array} bytes
   * @param {{unpackedBytes: number, zipEntries: number}} limits
   * @throws {ImportProblem} `damaged`, `too_large`
   */
  constructor(bytes, limits) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.limits = limits;
    /** How much of the entry being unpacked has been read, 0 to 1. */
    this.share = 0;
    this.entries = guarded(() => this.#directory());
  }

  has(name) {
    return this.entries.has(name.toLowerCase());
  }

  /**
   * Unpack one entry.
   *
   * @param {string} name case does not matter, as in Office
   * @yields {Uint8Array} pieces, in order
   * @throws {ImportProblem} `damaged`, `encrypted`, `too_large` (more comes out than may)
   */
  *pieces(name) {
    const entry = this.entries.get(name.toLowerCase());
    if (!entry) throw new ImportProblem("damaged");
    if (entry.encrypted) throw new ImportProblem("encrypted");
    const packed = guarded(() => this.#packed(entry));
    if (entry.method === STORED) {
      yield* this.#slices(packed);
    } else if (entry.method === DEFLATED) {
      yield* this.#inflated(packed);
    } else {
      throw new ImportProblem("damaged");
    }
  }

  /** Unpack one entry as text; for the small parts only. */
  text(name) {
    const decoder = new TextDecoder();
    let text = "";
    for (const piece of this.pieces(name)) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  }

  *#slices(packed) {
    for (let start = 0; start < packed.length; start += SLICE) {
      this.share = start / packed.length;
      yield packed.subarray(start, start + SLICE);
    }
  }

  *#inflated(packed) {
    let pieces = [];
    let unpacked = 0;
    let ended = false;
    const inflate = new Inflate((piece, final) => {
      pieces.push(piece);
      ended = final;
    });
    for (let start = 0; start < packed.length && !ended; start += SLICE) {
      const last = start + SLICE >= packed.length;
      this.share = start / packed.length;
      guarded(() => inflate.push(packed.subarray(start, start + SLICE), last));
      const ready = pieces;
      pieces = [];
      for (const piece of ready) {
        unpacked += piece.length;
        if (unpacked > this.limits.unpackedBytes) throw new ImportProblem("too_large");
        if (piece.length > 0) yield piece;
      }
    }
  }

  #packed({ offset, packedSize }) {
    if (this.view.getUint32(offset, true) !== LOCAL_ENTRY) throw new ImportProblem("damaged");
    const start =
      offset + 30 + this.view.getUint16(offset + 26, true) + this.view.getUint16(offset + 28, true);
    if (start + packedSize > this.bytes.length) throw new ImportProblem("damaged");
    return this.bytes.subarray(start, start + packedSize);
  }

  #directory() {
    let { count, offset } = this.#directoryPlace();
    if (count > this.limits.zipEntries) throw new ImportProblem("too_large");
    const entries = new Map();
    for (; count > 0; count -= 1) {
      if (this.view.getUint32(offset, true) !== DIRECTORY_ENTRY) throw new ImportProblem("damaged");
      const nameLength = this.view.getUint16(offset + 28, true);
      const extraLength = this.view.getUint16(offset + 30, true);
      const name = new TextDecoder().decode(
        this.bytes.subarray(offset + 46, offset + 46 + nameLength),
      );
      entries.set(name.replaceAll("\\", "/").toLowerCase(), this.#entry(offset, nameLength, extraLength));
      offset += 46 + nameLength + extraLength + this.view.getUint16(offset + 32, true);
    }
    return entries;
  }

  #entry(at, nameLength, extraLength) {
    const sizes = [
      this.view.getUint32(at + 24, true),
      this.view.getUint32(at + 20, true),
      this.view.getUint32(at + 42, true),
    ];
    // APPNOTE 4.5.3: the 64-bit field holds only those values that say "unknown" above, in order.
    let extra = at + 46 + nameLength;
    const end = extra + extraLength;
    while (extra + 4 <= end) {
      const size = this.view.getUint16(extra + 2, true);
      if (this.view.getUint16(extra, true) === 1) {
        let wide = extra + 4;
        for (const i of [0, 1, 2]) {
          if (sizes[i] !== UNKNOWN_32) continue;
          sizes[i] = Number(this.view.getBigUint64(wide, true));
          wide += 8;
        }
      }
      extra += 4 + size;
    }
    return {
      encrypted: (this.view.getUint16(at + 8, true) & 1) === 1,
      method: this.view.getUint16(at + 10, true),
      packedSize: sizes[1],
      offset: sizes[2],
    };
  }

  #directoryPlace() {
    const first = Math.max(0, this.bytes.length - 22 - 0xffff);
    for (let at = this.bytes.length - 22; at >= first; at -= 1) {
      if (this.view.getUint32(at, true) !== END_OF_DIRECTORY) continue;
      const count = this.view.getUint16(at + 10, true);
      const offset = this.view.getUint32(at + 16, true);
      return this.#directoryPlace64(at - 20) ?? { count, offset };
    }
    throw new ImportProblem("damaged");
  }

  #directoryPlace64(locator) {
    if (locator < 0 || this.view.getUint32(locator, true) !== LOCATOR_64) return undefined;
    const at = Number(this.view.getBigUint64(locator + 8, true));
    if (this.view.getUint32(at, true) !== END_OF_DIRECTORY_64) throw new ImportProblem("damaged");
    return {
      count: Number(this.view.getBigUint64(at + 32, true)),
      offset: Number(this.view.getBigUint64(at + 48, true)),
    };
  }
}

/** Whatever goes wrong inside a container means one thing to a person: the file is damaged. */
function guarded(read) {
  try {
    return read();
  } catch (error) {
    throw error instanceof ImportProblem ? error : new ImportProblem("damaged");
  }
}

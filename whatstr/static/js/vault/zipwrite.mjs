// Writes a ZIP in the Worker (APPNOTE.TXT 6.3, sections 4.3 and 4.5): deflated by the browser itself,
// one file after the other, so that never more than one is held uncompressed.

const TEXT = new TextEncoder();
const UTF8_NAMES = 0x0800;
const DEFLATE = 8;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Little-endian fields of 2 or 4 bytes: [[size, value]…]. */
function fields(list) {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** MS-DOS date and time, two words. */
function stamp(date) {
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  return [time, day];
}

export class ZipWriter {
  #parts = [];
  #directory = [];
  #at = 0;
  #names = new Set();

  /** Add a file; a name that is there already gets a number. Gives the name that was used. */
  async add(name, content, date = new Date()) {
    const used = this.#free(name);
    const bytes = typeof content === "string" ? TEXT.encode(content) : content;
    const packed = await deflated(bytes);
    const title = TEXT.encode(used);
    const [time, day] = stamp(date);
    const shared = [[2, 20], [2, UTF8_NAMES], [2, DEFLATE], [2, time], [2, day], [4, crc32(bytes)], [4, packed.length], [4, bytes.length], [2, title.length], [2, 0]];
    const head = fields([[4, 0x04034b50], ...shared]);
    this.#directory.push(fields([[4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, this.#at]]), title);
    this.#parts.push(head, title, packed);
    this.#at += head.length + title.length + packed.length;
    return used;
  }

  #free(name) {
    const [, stem, end = ""] = /^(.*?)(\.[a-z]+)?$/s.exec(name);
    let used = name;
    for (let n = 2; this.#names.has(used.toLowerCase()); n += 1) used = `${stem} (${n})${end}`;
    this.#names.add(used.toLowerCase());
    return used;
  }

  /** The whole archive. */
  blob() {
    const size = this.#directory.reduce((sum, part) => sum + part.length, 0);
    const count = this.#directory.length / 2;
    const end = fields([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, this.#at], [2, 0]]);
    return new Blob([...this.#parts, ...this.#directory, end], { type: "application/zip" });
  }
}

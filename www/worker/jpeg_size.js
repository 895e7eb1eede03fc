/** The size of a JPEG from its header, before it is decoded. */

/** Frame headers: start of frame 0 to 15, but for the three of these numbers that are tables. */
const TABLES = [0xc4, 0xc8, 0xcc];

/**
 * Reads marker by marker: `ff`, the marker, a length of two bytes that counts itself, the segment (ITU-T T.81, B.1).
 *
 * @param {Uint8Array} bytes
 * @returns {{ width: number, height: number } | undefined} as stored, not turned; undefined: no JPEG, or a damaged one
 */
export function jpegSize(bytes) {
  const u16 = (/** @type {number} */ at) => (bytes[at] << 8) | bytes[at + 1];
  if (u16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    // Fill bytes may stand before a marker.
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && !TABLES.includes(marker)) return { height: u16(at + 5), width: u16(at + 7) };
    else at += 2 + Math.max(u16(at + 2), 2);
  }
  return undefined;
}

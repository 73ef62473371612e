/** Whether `wanted` is in some bytes at an offset. Faster than `Buffer.compare`, which is a call out of JavaScript. */
export function hasBytes(bytes: Uint8Array, from: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[from + index] !== wanted[index]) return false;
  return true;
}

/** Response header that the endpoint picker's ext_proc adds to what it has processed (GIE v0.5 and later). */
export const PICKER_HEADER = 'x-went-into-resp-headers';

/** The part of ncc's programmatic interface that the build uses; the package ships no types. */
declare module '@vercel/ncc' {
  interface Options {
    cache: false;
    license: string;
    quiet: boolean;
    sourceMapRegister: boolean;
    target: string;
  }
  interface Result {
    code: string;
    /** Lazy chunks, the licence text and relocated files, by path relative to the bundle. */
    assets: Record<string, { source: string | Buffer }>;
  }
  export default function ncc(entry: string, options: Options): Promise<Result>;
}

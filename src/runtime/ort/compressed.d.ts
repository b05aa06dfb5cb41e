/** The address of a file that a build compresses (src/cli/compressedAsset.ts). */
declare module '*?compressed' {
  const url: string;
  export default url;
}

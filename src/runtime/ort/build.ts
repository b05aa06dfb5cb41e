/** onnxruntime-web's three builds, and the type of its module; loadOrt.ts loads one of them. */
export type OrtBuild = 'wasm' | 'jspi' | 'asyncify';
export type Ort = typeof import('onnxruntime-web');

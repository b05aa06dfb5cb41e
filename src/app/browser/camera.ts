/** The device's camera: whether there is one, its picture, and a photo of it as a file. */
import { readable, type Readable } from 'svelte/store';

/** Which way the camera looks. */
export type Facing = 'environment' | 'user';
export type CameraProblem = 'denied' | 'missing' | 'busy';

/** How many cameras the device has; 0 where the browser gives the page none. Kept up to date as they come and go. */
export const cameraCount: Readable<number> = readable(0, (set) => {
  // Undefined on insecure pages, whatever its type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) return;
  const count = async (): Promise<void> => {
    const found = await devices.enumerateDevices().catch(() => []);
    set(found.filter(({ kind }) => kind === 'videoinput').length);
  };
  const listener = (): void => void count();
  void count();
  devices.addEventListener('devicechange', listener);
  return () => devices.removeEventListener('devicechange', listener);
});

/** As many pixels as a model makes use of. @throws DOMException; cameraProblem says what it means */
export async function openCamera(facing: Facing): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: facing, width: { ideal: 1920 }, height: { ideal: 1440 } },
  });
}

export function cameraProblem(thrown: unknown): CameraProblem {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'busy';
}

/** The present picture of a playing video, without loss: PNG. */
export async function photograph(video: HTMLVideoElement): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new File([blob], 'photo.png', { type: blob.type });
}

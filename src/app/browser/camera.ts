/** The device's cameras: how many there are, their video, and photos as files. */
import { readable, type Readable } from 'svelte/store';

/** Which way the camera looks. */
export type Facing = 'environment' | 'user';
export type CameraProblem = 'denied' | 'missing' | 'busy';

/** How many cameras the device has; 0 if the browser gives the page no access. Updated as they come and go. */
export const cameraCount: Readable<number> = readable(0, (set) => {
  // Undefined on insecure pages, although its type says otherwise.
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

/** Opens a camera at about the resolution that a model can use. @throws DOMException; see cameraProblem */
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

/** The current frame of a playing video as a PNG file. */
export async function photograph(video: HTMLVideoElement): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new File([blob], 'photo.png', { type: blob.type });
}

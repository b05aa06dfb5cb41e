/** Lets the visitor pick image files; empty if they cancel. Call it from a click handler. */
export function pickFiles(): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.accept = IMAGE_ACCEPT;
    input.addEventListener('change', () => resolve([...(input.files ?? [])]), { once: true });
    input.addEventListener('cancel', () => resolve([]), { once: true });
    input.click();
  });
}

/** `image/*` doesn't include medical formats. */
const IMAGE_ACCEPT = 'image/*,.dcm,.dicom,application/dicom,.nii,.nii.gz,.gz,.tif,.tiff';
